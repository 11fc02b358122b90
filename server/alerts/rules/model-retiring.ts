/** That a model which is in use will not answer any more. */
import { whole } from '../settings.ts';
import { defineRule } from './rule.ts';
import { readRetiring } from './statements.ts';
import { DAY_MS, written } from './windows.ts';

/** MODEL_RETIRING: each model and retirement. */
export const modelRetiring = defineRule({
  kind: 'MODEL_RETIRING',
  description: 'A model that has been called lately retires soon. It ends when the model is retired.',
  settings: {
    warningDays: whole('DAYS', 'So many days before it retires.', 30, [1, 365]),
    criticalDays: whole('DAYS', 'So many days before it retires it is critical.', 7, [0, 365]),
    usageDays: whole('DAYS', 'A model without a call in so many days is not in use.', 7, [1, 90]),
  },
  topics: [],
  async observe({ sql, now }, values) {
    const days = Math.max(values.warningDays, values.criticalDays);
    const models = await readRetiring(
      sql,
      new Date(now.getTime() - values.usageDays * DAY_MS),
      now,
      new Date(now.getTime() + days * DAY_MS),
    );
    return models.map(({ model, retiresAt, replacedBy, calls }) => {
      const soon = retiresAt.getTime() - now.getTime() <= values.criticalDays * DAY_MS;
      return {
        subject: model,
        windowKey: retiresAt.toISOString(),
        windowEndsAt: retiresAt,
        severity: soon ? ('CRITICAL' as const) : ('WARNING' as const),
        title: `${model} retires within ${soon ? values.criticalDays : values.warningDays} days`,
        detail:
          `It was called ${calls} times in the past ${values.usageDays} days, and its vendor answers no more from ${written(retiresAt)} on. ` +
          (replacedBy ? `Ask for ${replacedBy} instead.` : 'No successor is known to the catalogue.'),
      };
    });
  },
});
