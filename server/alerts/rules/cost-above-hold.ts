/** That a vendor billed more than had been set aside: the customer cannot be asked for it any more. */
import { dollars } from '../settings.ts';
import { defineRule } from './rule.ts';
import { readCostsAboveHold } from './statements.ts';
import { hourOf, money } from './windows.ts';

/** COST_ABOVE_HOLD: each model and hour. */
export const costAboveHold = defineRule({
  kind: 'COST_ABOVE_HOLD',
  description:
    'A call cost more than the ceiling that was reserved for it: the catalogue is wrong about its model. One alert for each model and hour.',
  settings: {
    criticalExcess: dollars('From so many dollars beyond the ceiling at once on it is critical.', '1.00'),
  },
  topics: ['settled'],
  ends: 'with-window',
  async observe({ sql, booked, since }, values) {
    const models = await readCostsAboveHold(sql, booked?.generationIds ?? null, since);
    return models.map(({ model, hour, calls, excessMicros, costMicros, ceilingMicros }) => ({
      subject: model,
      windowKey: hourOf(hour).key,
      windowEndsAt: hourOf(hour).endsAt,
      severity: excessMicros >= values.criticalExcess ? ('CRITICAL' as const) : ('WARNING' as const),
      title: `${model} cost more than was reserved for it`,
      detail:
        `${money(costMicros)} for a call of which ${money(ceilingMicros)} was the ceiling` +
        `${calls > 1 ? `; of ${calls} such calls, ${money(excessMicros)} beyond their ceilings together` : ''}. ` +
        'The excess is booked as cost and charged to nobody. Correct the cost of the model in the catalogue.',
    }));
  },
});
