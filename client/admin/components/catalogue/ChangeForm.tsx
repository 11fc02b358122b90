/** Sets what a model is priced at or costs, at once or from a day on: a form that shows first what it would leave. */
import {
  Button,
  Group,
  Modal,
  NumberInput,
  SegmentedControl,
  Select,
  Stack,
  Text,
  Textarea,
  TextInput,
} from '@mantine/core';
import { useForm } from '@mantine/form';
import { useEffect, useState } from 'react';
import { fromUnits, isAmount, toUnits } from '../../../ui/decimal.ts';
import { useManner } from '../../../ui/preferences.tsx';
import { toastDone } from '../../../ui/toasts.ts';
import type { PreviewModelChangeInput, PriceUnit } from '../../gql/graphql.ts';
import { graphql } from '../../gql/index.ts';
import { fieldErrors } from '../../graphql/field-errors.ts';
import { useAction } from '../../graphql/hooks.ts';
import { FromDay, instantOf } from '../range/FromDay.tsx';
import { ChangePreview, useChangePreview } from './ChangePreview.tsx';

const SetPriceMutation = graphql(`
  mutation ChangeForm_SetPriceMutation($input: SetModelPriceInput!) {
    setModelPrice(input: $input) {
      ... on ModelChange {
        model {
          id
          model
        }
      }
      ... on InvalidInputError {
        fields {
          path
          message
        }
      }
    }
  }
`);

const SetCostMutation = graphql(`
  mutation ChangeForm_SetCostMutation($input: SetModelCostInput!) {
    setModelCost(input: $input) {
      ... on ModelChange {
        model {
          id
          model
        }
      }
      ... on InvalidInputError {
        fields {
          path
          message
        }
      }
    }
  }
`);

/** What is given: credits, as few as leave a margin, or what the vendor bills. */
type By = 'credits' | 'margin' | 'cost';

/** What the form begins with. */
export interface ChangeDraft {
  readonly model: string;
  /** What the model takes. */
  readonly sizes: readonly string[];
  readonly qualities: readonly string[];
  readonly durations: readonly number[];
  readonly by: By;
  readonly size: string | null;
  readonly quality: string | null;
  readonly durationSeconds: number | null;
  readonly unit: PriceUnit;
  readonly credits: number;
  readonly cost: string;
}

const UNITS: readonly { value: PriceUnit; label: string }[] = [
  { value: 'OUTPUT', label: 'For each output' },
  { value: 'SECOND', label: 'For each second' },
  { value: 'MINUTE', label: 'For each begun minute' },
];

const EMPTY = {
  by: 'credits' as By,
  size: null as string | null,
  quality: null as string | null,
  seconds: null as string | null,
  unit: 'OUTPUT' as PriceUnit,
  credits: 1,
  margin: '40',
  cost: '',
  source: '',
  from: '',
  reason: '',
};

type Values = typeof EMPTY;

/** Percent as the part of one that the API takes: "40" is "0.4". */
function partOf(percent: string): string | null {
  return /^\d{1,2}(\.\d{1,4})?$/.test(percent) ? fromUnits(toUnits(percent) / 100n) : null;
}

/** What is to be reckoned, once it can be. */
function inputOf(model: string, values: Values, zone: string): PreviewModelChangeInput | null {
  const { by, size, quality, seconds, unit, credits, margin, cost, from } = values;
  const key = {
    model,
    size,
    quality,
    durationSeconds: seconds === null ? null : Number(seconds),
    unit,
    effectiveFrom: instantOf(from, zone),
  };
  if (by === 'cost') return isAmount(cost) ? { ...key, cost } : null;
  if (by === 'credits') return Number.isInteger(credits) && credits > 0 ? { ...key, credits } : null;
  const targetMargin = partOf(margin);
  return targetMargin === null ? null : { ...key, targetMargin };
}

function Dimension(props: {
  readonly label: string;
  readonly values: readonly string[];
  readonly value: string | null;
  readonly onChange: (value: string | null) => void;
  readonly error?: string | undefined;
}) {
  const { label, values, value, onChange, error } = props;
  if (values.length === 0) return null;
  return (
    <Select
      label={label}
      miw={140}
      flex={1}
      placeholder="Any"
      clearable
      clearButtonProps={{ 'aria-label': `Any ${label.toLowerCase()}` }}
      data={[...values]}
      value={value}
      onChange={onChange}
      error={error}
    />
  );
}

interface ChangeFormProps {
  /** Null: the dialog is closed. */
  readonly draft: ChangeDraft | null;
  readonly onClose: () => void;
}

export function ChangeForm({ draft, onClose }: ChangeFormProps) {
  const { zone } = useManner();
  const [setPrice, { isBusy: isSettingPrice }] = useAction(SetPriceMutation);
  const [setCost, { isBusy: isSettingCost }] = useAction(SetCostMutation);
  const [shown, setShown] = useState<ChangeDraft | null>(null);
  const form = useForm<Values>({
    initialValues: EMPTY,
    validate: {
      credits: (credits, { by }) =>
        by !== 'credits' || (Number.isInteger(credits) && credits >= 1) ? null : 'Give at least 1 credit.',
      margin: (margin, { by }) =>
        by !== 'margin' || partOf(margin) !== null ? null : 'Give percent from 0 to under 100, such as 40.',
      cost: (cost, { by }) => (by !== 'cost' || isAmount(cost) ? null : 'Give dollars, such as 0.003.'),
      source: (source, { by }) =>
        by !== 'cost' || source.trim() ? null : 'Say where the figure comes from.',
      reason: (reason) => (reason.trim() ? null : 'Say why.'),
    },
  });
  const { setValues, clearErrors } = form;
  useEffect(() => {
    // While it closes it still shows what it was.
    if (!draft) return;
    const { by, size, quality, durationSeconds, unit, credits, cost } = draft;
    setShown(draft);
    const seconds = durationSeconds === null ? null : String(durationSeconds);
    setValues({ ...EMPTY, by, size, quality, seconds, unit, credits, cost });
    clearErrors();
  }, [draft, setValues, clearErrors]);
  const { values } = form;
  const preview = useChangePreview(draft ? inputOf(draft.model, values, zone) : null);
  const credits = values.by === 'credits' ? values.credits : preview.previewed?.credits;

  const submit = async ({ size, quality, seconds, unit, by, cost, source, from, reason }: Values) => {
    if (!shown) return;
    const key = {
      model: shown.model,
      size,
      quality,
      durationSeconds: seconds === null ? null : Number(seconds),
      unit,
      effectiveFrom: instantOf(from, zone),
      reason: reason.trim(),
    };
    if (by !== 'cost' && !credits)
      return form.setFieldError('margin', 'Wait until the credits are reckoned.');
    const outcome =
      by === 'cost'
        ? (await setCost({ input: { ...key, cost, source: source.trim() } }))?.setModelCost
        : (await setPrice({ input: { ...key, credits: credits ?? 0 } }))?.setModelPrice;
    if (!outcome) return;
    if (outcome.__typename === 'InvalidInputError') {
      return form.setErrors(
        fieldErrors(outcome.fields, (path) => (path === 'durationSeconds' ? 'seconds' : path)),
      );
    }
    const what = by === 'cost' ? 'cost' : 'price';
    toastDone(
      from
        ? `The ${what} of ${shown.model} is scheduled from ${from}.`
        : `The ${what} of ${shown.model} is set. It holds at once.`,
    );
    onClose();
  };

  const isCost = values.by === 'cost';
  return (
    <Modal
      opened={draft !== null}
      onClose={onClose}
      size="lg"
      title={`${isCost ? 'Cost' : 'Price'} of ${shown?.model ?? ''}`}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <form onSubmit={form.onSubmit((all) => void submit(all))} noValidate>
        <Stack>
          <SegmentedControl
            aria-label="What is set"
            data={[
              { value: 'credits', label: 'Credits' },
              { value: 'margin', label: 'By a margin' },
              { value: 'cost', label: 'Cost' },
            ]}
            {...form.getInputProps('by')}
          />
          <Group align="flex-start" gap="sm">
            <Dimension
              label="Seconds"
              values={shown?.durations.map(String) ?? []}
              value={values.seconds}
              onChange={(value) => form.setFieldValue('seconds', value)}
              error={form.errors.seconds as string | undefined}
            />
            <Dimension
              label="Size"
              values={shown?.sizes ?? []}
              value={values.size}
              onChange={(value) => form.setFieldValue('size', value)}
              error={form.errors.size as string | undefined}
            />
            <Dimension
              label="Quality"
              values={shown?.qualities ?? []}
              value={values.quality}
              onChange={(value) => form.setFieldValue('quality', value)}
              error={form.errors.quality as string | undefined}
            />
            <Select
              miw={140}
              flex={1}
              label="Counted"
              data={[...UNITS]}
              allowDeselect={false}
              {...form.getInputProps('unit')}
            />
          </Group>
          {values.by === 'credits' && (
            <NumberInput
              label="Credits"
              required
              min={1}
              max={1_000_000}
              allowDecimal={false}
              data-autofocus
              {...form.getInputProps('credits')}
            />
          )}
          {values.by === 'margin' && (
            <TextInput
              label="Margin to be left, in percent"
              description={
                credits
                  ? `${credits} credits are the fewest that leave it when a credit sells for the least`
                  : 'When a credit sells for the least that the list allows'
              }
              required
              inputMode="decimal"
              {...form.getInputProps('margin')}
            />
          )}
          {isCost && (
            <Group grow align="flex-start">
              <TextInput
                label="Cost in dollars"
                required
                inputMode="decimal"
                data-autofocus
                {...form.getInputProps('cost')}
              />
              <TextInput
                label="Source"
                placeholder="A page, a bill"
                required
                maxLength={1_000}
                {...form.getInputProps('source')}
              />
            </Group>
          )}
          <FromDay
            value={values.from}
            onChange={(day) => form.setFieldValue('from', day)}
            error={form.errors.effectiveFrom as string | undefined}
          />
          <ChangePreview preview={preview} />
          <Textarea
            label="Reason"
            description="The audit log keeps it."
            required
            autosize
            minRows={2}
            maxLength={1_000}
            {...form.getInputProps('reason')}
          />
          <Text size="sm" c="dimmed">
            What was asked or billed before stays as it was. Quotes that were given are honoured for ten
            minutes.
          </Text>
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={isSettingPrice || isSettingCost}>
              {values.from ? 'Schedule' : isCost ? 'Set the cost' : 'Set the price'}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
