import { CopyButton } from '@mantine/core';
import { IconCheck, IconCopy } from '@tabler/icons-react';

/** Text to copy, with a button that says that it did. */
export function CopyLine({ text, label = 'Copy' }: { readonly text: string; readonly label?: string }) {
  return (
    <div className="copy-line">
      <pre tabIndex={0}>{text}</pre>
      <CopyButton value={text} timeout={1500}>
        {({ copied, copy }) => (
          <button type="button" className="tool plain" onClick={copy} aria-label={copied ? 'Copied' : label} title={label}>
            {copied ? <IconCheck size={15} className="ok" aria-hidden /> : <IconCopy size={15} stroke={1.75} aria-hidden />}
            <span className="only-wide">{copied ? 'Copied' : 'Copy'}</span>
          </button>
        )}
      </CopyButton>
    </div>
  );
}
