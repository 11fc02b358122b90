/** The rules by which alerts are told. */
import type { RuleView, SettingUnit } from '../server/alerts/index.ts';
import { AlertKind } from './alert.ts';
import { builder, needs } from './builder.ts';
import { unauthenticated } from './errors.ts';
import { InvalidInputError, invalidInput, resolveOutcome } from './outcome.ts';

const UNITS: Readonly<Record<SettingUnit, { readonly description: string }>> = {
  PERCENT: { description: 'A whole percentage: "40".' },
  PERCENTS: { description: 'Whole percentages that rise, with commas between them: "80,95,100".' },
  DOLLARS: { description: 'Exact dollars: "5.00".' },
  COUNT: { description: 'A whole number: "20".' },
  MINUTES: { description: 'Whole minutes: "15".' },
  DAYS: { description: 'Whole days: "30".' },
  WEEKS: { description: 'Whole weeks: "4".' },
};

const AlertSettingUnit = builder.enumType('AlertSettingUnit', {
  description: "What the text of a rule's setting means.",
  values: UNITS,
});

const AlertRuleSetting = builder.objectRef<RuleView['settings'][number]>('AlertRuleSetting').implement({
  description: 'One thing that can be set of a rule.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'By which it is set.' }),
    unit: t.expose('unit', { type: AlertSettingUnit, description: 'What its text means.' }),
    description: t.exposeString('description', { description: 'What it is for.' }),
    value: t.exposeString('value', { description: 'What holds.' }),
    shipped: t.exposeString('shipped', { description: 'What holds when nobody has set it.' }),
  }),
});

const AlertRule = builder.objectRef<RuleView>('AlertRule').implement({
  description: 'When alerts of a kind are told.',
  fields: (t) => ({
    kind: t.expose('kind', { type: AlertKind, description: 'Of which kind.' }),
    description: t.exposeString('description', {
      description: 'When such an alert is told, and when it ends.',
    }),
    enabled: t.exposeBoolean('enabled', { description: 'Whether it is told at all.' }),
    settings: t.field({
      type: [AlertRuleSetting],
      description: 'What can be set of it.',
      resolve: (rule) => [...rule.settings],
    }),
    updatedAt: t.expose('updatedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was set last; null while it is as shipped.',
    }),
    updatedBy: t.exposeString('updatedBy', { nullable: true, description: 'Who has set it.' }),
    updatedByName: t.string({
      nullable: true,
      description: "The same for people: an admin's e-mail, or a key's name.",
      resolve: ({ updatedBy }, _args, context) =>
        updatedBy === null ? null : context.loaders.actorName(updatedBy),
    }),
  }),
});

const AlertRuleSettingInput = builder.inputType('AlertRuleSettingInput', {
  description: 'A value for one setting of a rule.',
  fields: (t) => ({
    name: t.string({ required: true, description: 'As `alertRules` names it.' }),
    value: t.string({ required: true, description: 'By its unit: "40", "5.00", "80,95,100".' }),
  }),
});

const SetAlertRuleInput = builder.inputType('SetAlertRuleInput', {
  description: 'What is to hold of a rule. What is left out stays as it is.',
  fields: (t) => ({
    kind: t.field({ type: AlertKind, required: true, description: 'Of which kind.' }),
    enabled: t.boolean({ description: 'False resolves its alerts, and tells no further ones.' }),
    settings: t.field({ type: [AlertRuleSettingInput], description: 'Those that are to change.' }),
  }),
});

const SetAlertRuleResult = builder.unionType('SetAlertRuleResult', {
  description: 'The rule as it is now, or what is wrong with the input.',
  types: [AlertRule, InvalidInputError],
  resolveType: resolveOutcome('AlertRule'),
});

builder.queryField('alertRules', (t) =>
  t.field({
    type: [AlertRule],
    ...needs('profit:read', 'The rule of each kind of alert, and what is set of it.'),
    resolve: (_root, _args, context) => context.core.alerts.rules(),
  }),
);

builder.mutationField('setAlertRule', (t) =>
  t.field({
    type: SetAlertRuleResult,
    ...needs('protection:write', 'Set thresholds of a rule, or switch it off. Holds within five seconds.'),
    args: { input: t.arg({ type: SetAlertRuleInput, required: true }) },
    resolve: async (_root, { input }, context) => {
      if (!context.caller) throw unauthenticated();
      const set = await context.core.alerts.setRule(input, context.caller.actor);
      return set.status === 'set' ? set.rule : invalidInput(set.fields);
    },
  }),
);
