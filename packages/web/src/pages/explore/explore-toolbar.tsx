import { CopyButton, Menu } from '@mantine/core';
import { IconChartLine, IconCheck, IconDownload, IconLink, IconListSearch, IconPlayerPlay, IconPlus, IconTable } from '@tabler/icons-react';

export const UNIT_CHOICES = [
  ['auto', 'Guessed'],
  ['none', 'Plain number'],
  ['count', 'Count'],
  ['per_second', 'Per second'],
  ['bytes', 'Bytes'],
  ['bytes_per_second', 'Bytes per second'],
  ['seconds', 'Seconds'],
  ['percent', 'Percent (0–100)'],
  ['ratio', 'Share (0–1)'],
  ['cores', 'Cores'],
  ['celsius', 'Celsius'],
  ['usd', 'US dollars'],
  ['timestamp', 'Instant'],
] as const;

const STEP_CHOICES = ['5s', '10s', '15s', '30s', '1m', '5m', '15m', '1h', '6h', '1d'] as const;

const unitWords = (unit: string): string => (UNIT_CHOICES.find(([value]) => value === unit)?.[1] ?? unit).toLowerCase();

interface ToolbarProps {
  readonly view: 'chart' | 'table';
  readonly onView: (view: 'chart' | 'table') => void;
  readonly unit: string;
  readonly unitInUse: string;
  readonly onUnit: (unit: string) => void;
  readonly step: string;
  readonly stepInUse: string;
  readonly onStep: (step: string) => void;
  readonly browsing: boolean;
  readonly onBrowse: () => void;
  readonly onRun: () => void;
  readonly onAdd: () => void;
  readonly onCsv: () => void;
  readonly onPng: () => void;
  readonly expressions: readonly string[];
}

export function ExploreToolbar(props: ToolbarProps) {
  return (
    <div className="row wrap">
      <button type="button" className="tool primary" onClick={props.onRun} aria-keyshortcuts="Control+Enter" title="Run (Ctrl-Enter)">
        <IconPlayerPlay size={15} stroke={2} aria-hidden /> Run
      </button>
      <button type="button" className="tool" onClick={props.onAdd}>
        <IconPlus size={15} stroke={1.75} aria-hidden /> Add query
      </button>
      <button type="button" className="tool" aria-pressed={props.browsing} onClick={props.onBrowse}>
        <IconListSearch size={16} stroke={1.75} aria-hidden /> Metrics
      </button>
      <span className="grow" />
      <span className="tools" role="group" aria-label="View">
        <button type="button" className="tool" aria-pressed={props.view === 'chart'} onClick={() => props.onView('chart')}>
          <IconChartLine size={16} stroke={1.75} aria-hidden /> Chart
        </button>
        <button type="button" className="tool" aria-pressed={props.view === 'table'} onClick={() => props.onView('table')}>
          <IconTable size={16} stroke={1.75} aria-hidden /> Table
        </button>
      </span>
      <select className="tool" aria-label="Unit" value={props.unit} onChange={(event) => props.onUnit(event.currentTarget.value)}>
        {UNIT_CHOICES.map(([value, label]) => (
          <option key={value} value={value}>
            {value === 'auto' ? `Unit: ${unitWords(props.unitInUse)}` : label}
          </option>
        ))}
      </select>
      {props.view === 'chart' && (
        <select className="tool" aria-label="Resolution" value={props.step} onChange={(event) => props.onStep(event.currentTarget.value)}>
          <option value="auto">Step: {props.stepInUse}</option>
          {STEP_CHOICES.map((value) => (
            <option key={value} value={value}>
              Step {value}
            </option>
          ))}
        </select>
      )}
      <ShareMenu {...props} />
    </div>
  );
}

function ShareMenu({ expressions, onCsv, onPng, view }: ToolbarProps) {
  return (
    <Menu position="bottom-end" withinPortal closeOnItemClick={false}>
      <Menu.Target>
        <button type="button" className="tool">
          <IconDownload size={16} stroke={1.75} aria-hidden /> Share
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        <CopyItem label="Copy link" text={location.href} />
        <CopyItem label="Copy PromQL" text={expressions.join('\n')} />
        {view === 'chart' && (
          <>
            <Menu.Item leftSection={<IconDownload size={15} aria-hidden />} onClick={onCsv}>
              Save CSV
            </Menu.Item>
            <Menu.Item leftSection={<IconDownload size={15} aria-hidden />} onClick={onPng}>
              Save PNG
            </Menu.Item>
          </>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}

function CopyItem({ label, text }: { readonly label: string; readonly text: string }) {
  return (
    <CopyButton value={text} timeout={1500}>
      {({ copied, copy }) => (
        <Menu.Item leftSection={copied ? <IconCheck size={15} aria-hidden /> : <IconLink size={15} aria-hidden />} onClick={copy}>
          {copied ? 'Copied' : label}
        </Menu.Item>
      )}
    </CopyButton>
  );
}
