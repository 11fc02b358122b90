/** In the navigation: how many alerts wait for somebody. Nothing while none does. */
import { State } from '../../../ui/State.tsx';
import { useAlertCounts } from './AlertFeed.tsx';

export function OpenAlerts() {
  const counts = useAlertCounts();
  if (!counts || counts.open === 0) return null;
  return <State tone={counts.critical > 0 ? 'bad' : 'warning'}>{counts.open} open</State>;
}
