import { Link, useRouter, type ErrorComponentProps } from '@tanstack/react-router';
import { Empty, Failure } from '../ui/states.tsx';

/** A page that could not be drawn at all; the rest of the shell stays. */
export function PageFailure({ error, reset }: ErrorComponentProps) {
  const router = useRouter();
  const retry = (): void => {
    reset();
    void router.invalidate();
  };
  return (
    <div className="page">
      <section className="panel">
        <Failure what="This page" error={error instanceof Error ? error : new Error(String(error))} onRetry={retry} />
      </section>
    </div>
  );
}

export function NotFound() {
  return (
    <div className="page">
      <section className="panel">
        <Empty title="There is no page at this address">
          <span>
            It may have moved, or the link may be incomplete. <Link to="/">Go to the overview</Link>
          </span>
        </Empty>
      </section>
    </div>
  );
}
