import { Menu } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { mapFileAddress, useScope } from '../../api/service-queries.ts';

const FORMATS = [
  { format: 'json', name: 'JSON', ending: 'json' },
  { format: 'mermaid', name: 'Mermaid', ending: 'mmd' },
  { format: 'dot', name: 'Graphviz DOT', ending: 'dot' },
  { format: 'graphml', name: 'GraphML', ending: 'graphml' },
] as const;

/** The map as a file: all of it, or what is around the node in focus. */
export function ExportMenu({ focus, depth }: { readonly focus: string | undefined; readonly depth: number }) {
  const scope = useScope();
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <button type="button" className="tool" aria-label="Export the map">
          <IconDownload size={15} stroke={1.75} aria-hidden /> <span className="only-wide">Export</span>
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        {FORMATS.map(({ format, name, ending }) => (
          <Menu.Item key={format} component="a" href={mapFileAddress(scope, format, focus, depth)} download={`services.${ending}`}>
            {name}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
