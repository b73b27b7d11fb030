import { Popover } from '@mantine/core';
import { IconHelpCircle } from '@tabler/icons-react';

const EXAMPLES: readonly (readonly [string, string])[] = [
  ['timeout', 'the word, in any case'],
  ['"timed out"', 'the phrase as it stands'],
  ['timeo*', '* stands for any characters'],
  ['service:cart', 'exactly this value'],
  ['service:(cart OR pay)', 'either value'],
  ['-path:/health', 'without these'],
  ['level>=warn', 'this level or worse'],
  ['status:[500 TO 599]', 'a range; also 500..599'],
  ['duration>250ms', 'units of time and size are read'],
  ['user.id:*', 'the field is there, whatever its value'],
  ['path:/^\\/api\\//', 'a regular expression'],
  ['(a OR b) c', 'terms side by side must all be true'],
  ['@user.id:4711', 'an attribute, where a field has the same name'],
];

/** The language on a card. */
export function SearchHelp({ onPick }: { readonly onPick: (query: string) => void }) {
  return (
    <Popover position="bottom-end" shadow="md" width={440} withinPortal>
      <Popover.Target>
        <button type="button" className="search-tool" aria-label="How to search" title="How to search">
          <IconHelpCircle size={16} stroke={1.75} aria-hidden />
        </button>
      </Popover.Target>
      <Popover.Dropdown className="search-help">
        <h3>How to search</h3>
        <dl>
          {EXAMPLES.map(([query, meaning]) => (
            <div key={query}>
              <dt>
                <button type="button" onClick={() => onPick(query)} title="Put it into the search">
                  <code>{query}</code>
                </button>
              </dt>
              <dd>{meaning}</dd>
            </div>
          ))}
        </dl>
        <p>
          <kbd>Enter</kbd> searches, <kbd>Tab</kbd> takes what is offered, <kbd>Ctrl</kbd>+<kbd>Space</kbd> offers fields and values.
        </p>
      </Popover.Dropdown>
    </Popover>
  );
}
