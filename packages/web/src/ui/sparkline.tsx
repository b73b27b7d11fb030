import { sparkPath } from './spark-path.ts';

interface SparklineProps {
  readonly values: readonly (number | null)[];
  readonly height?: number;
  readonly width?: number;
  readonly label: string;
}

/** A small line without axes, from zero; gaps where nothing was reported. */
export function Sparkline({ values, height = 28, width = 160, label }: SparklineProps) {
  const { line, area } = sparkPath(values, width, height);
  return (
    <svg className="spark" viewBox={`0 0 ${width} ${height}`} height={height} preserveAspectRatio="none" role="img" aria-label={label}>
      <path d={area} fill="var(--accent)" opacity="0.12" />
      <path d={line} fill="none" stroke="var(--accent)" strokeWidth="1.5" vectorEffect="non-scaling-stroke" strokeLinejoin="round" />
    </svg>
  );
}
