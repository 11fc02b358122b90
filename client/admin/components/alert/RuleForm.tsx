/** Sets a rule: its thresholds and times, and whether it is told at all. */
import { Button, Group, Modal, Stack, Switch, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useEffect, useState } from 'react';
import { toastDone } from '../../../ui/toasts.ts';
import type { AlertSettingUnit, RuleForm_AlertRuleFragmentFragment } from '../../gql/graphql.ts';
import { type FragmentType, graphql, readFragment } from '../../gql/index.ts';
import { fieldErrors } from '../../graphql/field-errors.ts';
import { useAction } from '../../graphql/hooks.ts';
import { KINDS, withoutStop } from './words.ts';

const RuleForm_AlertRuleFragment = graphql(`
  fragment RuleForm_AlertRuleFragment on AlertRule {
    kind
    description
    enabled
    settings {
      name
      unit
      description
      value
      shipped
    }
  }
`);

const SetMutation = graphql(`
  mutation RuleForm_SetMutation($input: SetAlertRuleInput!) {
    setAlertRule(input: $input) {
      ... on AlertRule {
        kind
        ...RuleForm_AlertRuleFragment
      }
      ... on InvalidInputError {
        message
        fields {
          path
          message
        }
      }
    }
  }
`);

const UNITS: Readonly<Record<AlertSettingUnit, string>> = {
  PERCENT: 'a whole percentage',
  PERCENTS: 'whole percentages that rise, with commas between them',
  DOLLARS: 'dollars',
  COUNT: 'a whole number',
  MINUTES: 'minutes',
  DAYS: 'days',
  WEEKS: 'weeks',
};

type Rule = RuleForm_AlertRuleFragmentFragment;

interface RuleFormProps {
  /** Null: the dialog is closed. */
  readonly rule: FragmentType<typeof RuleForm_AlertRuleFragment> | null;
  readonly onClose: () => void;
}

interface Values {
  enabled: boolean;
  settings: { name: string; value: string }[];
}

export function RuleForm({ onClose, ...props }: RuleFormProps) {
  const rule = readFragment(RuleForm_AlertRuleFragment, props.rule);
  const [shown, setShown] = useState<Rule | null>(null);
  const [save, { isBusy }] = useAction(SetMutation);
  const form = useForm<Values>({ initialValues: { enabled: true, settings: [] } });
  const { setValues, clearErrors } = form;
  useEffect(() => {
    // While it closes it still shows what it was.
    if (!rule) return;
    setShown(rule);
    setValues({
      enabled: rule.enabled,
      settings: rule.settings.map(({ name, value }) => ({ name, value })),
    });
    clearErrors();
  }, [rule, setValues, clearErrors]);

  const submit = async ({ enabled, settings }: Values) => {
    if (!shown) return;
    const done = await save({ input: { kind: shown.kind, enabled, settings } });
    if (!done) return;
    const outcome = done.setAlertRule;
    if (outcome.__typename === 'InvalidInputError') {
      return form.setErrors(fieldErrors(outcome.fields));
    }
    toastDone('The rule is set. It holds within five seconds.');
    onClose();
  };

  return (
    <Modal
      opened={rule !== null}
      onClose={onClose}
      title={shown ? KINDS[shown.kind] : ''}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <form onSubmit={form.onSubmit((values) => void submit(values))} noValidate>
        <Stack>
          <Text size="sm" c="dimmed">
            {shown?.description}
          </Text>
          {shown?.settings.map(({ name, description, unit, shipped }, index) => (
            <TextInput
              key={name}
              label={withoutStop(description)}
              description={`In ${UNITS[unit]}; ships as ${shipped}`}
              required
              {...form.getInputProps(`settings.${index}.value`)}
            />
          ))}
          <Switch label="Tell it" {...form.getInputProps('enabled', { type: 'checkbox' })} />
          {shown?.enabled && !form.values.enabled && (
            <Text size="sm">
              Its alerts that are not over end at once, and nobody is told of it any more until it is switched
              on again.
            </Text>
          )}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={isBusy}>
              Set
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
