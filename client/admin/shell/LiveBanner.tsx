/** Says when what is shown does not change by itself any more, and since when. */
import { Alert } from '@mantine/core';
import IconPlugOff from '@tabler/icons-react/icons/IconPlugConnectedX';
import { useEffect, useState } from 'react';
import { State } from '../../ui/State.tsx';
import { Ago } from '../../ui/values.tsx';
import { live } from '../graphql/client.ts';
import { useLiveState } from '../graphql/hooks.ts';

/** An interruption shorter than this is nobody's concern. */
const PATIENCE_MS = 1_500;

function useInterruption(): number | null {
  const state = useLiveState();
  const [since, setSince] = useState<number | null>(null);
  useEffect(() => {
    if (state !== 'interrupted') return setSince(null);
    const timer = setTimeout(() => setSince(live.since), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, [state]);
  return since;
}

/** In the header: whether the page is live. Nothing where nothing is watched. */
export function LiveMark() {
  const state = useLiveState();
  const since = useInterruption();
  if (state === 'idle') return null;
  if (since !== null) return <State tone="warning">Interrupted</State>;
  return state === 'live' ? <State tone="good">Live</State> : <State tone="busy">Connecting</State>;
}

/** Above the page, while it lasts. What was missed is fetched when it ends. */
export function LiveBanner() {
  const since = useInterruption();
  return (
    <div role="status">
      {since !== null && (
        <Alert
          mb="md"
          variant="outline"
          color="yellow"
          icon={<IconPlugOff aria-hidden="true" />}
          title="Live data is interrupted"
          styles={{ title: { color: 'var(--solvent-warning)' }, icon: { color: 'var(--solvent-warning)' } }}
        >
          The connection was lost <Ago value={new Date(since).toISOString()} />. It is tried again by itself;
          until then what you see may be old.
        </Alert>
      )}
    </div>
  );
}
