/**
 * Settings of an INSERT … SELECT whose query is ordered: the same token again is a no-op, in the views behind the table, too. One stream
 * and blocks that hold all of it keep what belongs to a token the same.
 */
export function once(token: string): Record<string, string | number> {
  return {
    insert_deduplicate: 1,
    insert_deduplication_token: token,
    deduplicate_blocks_in_dependent_materialized_views: 1,
    max_insert_threads: 1,
    max_block_size: 1_048_576,
    min_insert_block_size_rows: 1_048_576,
    min_insert_block_size_bytes: 268_435_456,
    max_partitions_per_insert_block: 0,
    // Tables that are joined or looked up in a cluster are asked on every shard.
    distributed_product_mode: 'global',
  };
}
