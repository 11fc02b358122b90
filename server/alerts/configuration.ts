/** What is set of each rule: what an operator has set, and what it ships with for the rest. */
import type { JsonValue, Sql } from '../database/index.ts';
import { RULES, type Rule } from './rules/index.ts';
import type { Settings, SettingUnit, ValuesOf } from './settings.ts';
import * as statements from './statements.ts';
import type { AlertKind } from './types.ts';

/** A rule as it is set. */
export interface Configured {
  readonly rule: Rule;
  readonly enabled: boolean;
  readonly values: ValuesOf<Settings>;
}

/** A rule for people: what it is, and each of its settings. */
export interface RuleView {
  readonly kind: AlertKind;
  readonly description: string;
  readonly enabled: boolean;
  readonly settings: readonly {
    readonly name: string;
    readonly unit: SettingUnit;
    readonly description: string;
    readonly value: string;
    readonly shipped: string;
  }[];
  /** When and by whom it was set last; null while it is as shipped. */
  readonly updatedAt: Date | null;
  readonly updatedBy: string | null;
}

/** What is to be set of a rule. What is left out stays as it is. */
export interface RuleInput {
  readonly kind: AlertKind;
  readonly enabled?: boolean | null | undefined;
  readonly settings?: readonly { readonly name: string; readonly value: string }[] | null | undefined;
}

/** An argument that cannot be, with what would be right. */
export interface FieldProblem {
  readonly path: string;
  readonly message: string;
}

const textsOf = (settings: JsonValue | undefined): Readonly<Record<string, unknown>> =>
  typeof settings === 'object' && settings !== null && !Array.isArray(settings) ? settings : {};

/** A text that this version cannot read, written by another one, counts as if it had not been set. */
function readValues(rule: Rule, texts: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(rule.settings).map(([name, setting]) => {
      const given = texts[name];
      for (const text of [given, setting.shipped]) {
        const read = typeof text === 'string' ? setting.read(text) : null;
        if (read && 'value' in read) return [name, read.value];
      }
      throw new Error(`The setting ${name} of ${rule.kind} ships with a text that it cannot read.`);
    }),
  );
}

/** Every rule as it is set now. */
export async function readConfiguration(sql: Sql): Promise<ReadonlyMap<AlertKind, Configured>> {
  const rows = new Map((await statements.readRuleRows(sql)).map((row) => [row.kind, row]));
  return new Map(
    RULES.map((rule) => {
      const row = rows.get(rule.kind);
      const values = readValues(rule, textsOf(row?.settings));
      return [rule.kind, { rule, enabled: row?.enabled ?? true, values }];
    }),
  );
}

/** Every rule for people. */
export async function readRuleViews(sql: Sql): Promise<RuleView[]> {
  const rows = new Map((await statements.readRuleRows(sql)).map((row) => [row.kind, row]));
  return RULES.map((rule) => {
    const row = rows.get(rule.kind);
    const texts = textsOf(row?.settings);
    return {
      kind: rule.kind,
      description: rule.description,
      enabled: row?.enabled ?? true,
      settings: Object.entries(rule.settings).map(([name, { unit, description, shipped }]) => ({
        name,
        unit,
        description,
        value: typeof texts[name] === 'string' ? texts[name] : shipped,
        shipped,
      })),
      updatedAt: row?.updatedAt ?? null,
      updatedBy: row?.updatedBy ?? null,
    };
  });
}

/** What is wrong with an input, each with the path of its argument. */
function problemsOf(rule: Rule, input: RuleInput): FieldProblem[] {
  return (input.settings ?? []).flatMap(({ name, value }, index) => {
    const setting = Object.hasOwn(rule.settings, name) ? rule.settings[name] : undefined;
    if (!setting) {
      const known = Object.keys(rule.settings);
      const hint = known.length > 0 ? `It has ${known.join(', ')}.` : 'It has none.';
      return { path: `settings.${index}.name`, message: `${rule.kind} has no such setting. ${hint}` };
    }
    const read = setting.read(value.trim());
    return 'problem' in read ? { path: `settings.${index}.value`, message: read.problem } : [];
  });
}

/** Sets a rule, with a line of the audit log. */
export async function setRule(
  sql: Sql,
  now: Date,
  input: RuleInput,
  { actor, auditId }: { readonly actor: string; readonly auditId: string },
): Promise<
  | { readonly status: 'set'; readonly rule: RuleView }
  | { readonly status: 'invalid'; readonly fields: readonly FieldProblem[] }
> {
  const rule = RULES.find(({ kind }) => kind === input.kind);
  if (!rule) throw new Error(`There is no rule for ${input.kind}.`);
  const fields = problemsOf(rule, input);
  if (fields.length > 0) return { status: 'invalid', fields };
  const row = (await statements.readRuleRows(sql)).find(({ kind }) => kind === input.kind);
  const given = (input.settings ?? []).map(({ name, value }) => [name, value.trim()]);
  const settings = { ...textsOf(row?.settings), ...Object.fromEntries(given) };
  const enabled = input.enabled ?? row?.enabled ?? true;
  await statements.setRuleRow(
    sql,
    { kind: input.kind, enabled, settings, updatedAt: now, updatedBy: actor },
    auditId,
  );
  const view = (await readRuleViews(sql)).find(({ kind }) => kind === input.kind);
  if (!view) throw new Error(`The rule for ${input.kind} has been set and is not there.`);
  return { status: 'set', rule: view };
}
