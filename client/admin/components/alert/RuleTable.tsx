/** When each kind of alert is told, and what is set of it. */
import { Button, Stack, Text, VisuallyHidden } from '@mantine/core';
import { useState } from 'react';
import { type Column, DataTable } from '../../../ui/DataTable.tsx';
import { State } from '../../../ui/State.tsx';
import { Instant } from '../../../ui/values.tsx';
import type { RuleTable_AlertRuleFragmentFragment } from '../../gql/graphql.ts';
import { type FragmentType, graphql, readFragment } from '../../gql/index.ts';
import { RuleForm } from './RuleForm.tsx';
import { KINDS, withoutStop } from './words.ts';

const RuleTable_AlertRuleFragment = graphql(`
  fragment RuleTable_AlertRuleFragment on AlertRule {
    kind
    description
    enabled
    updatedAt
    updatedByName
    settings {
      name
      unit
      description
      value
      shipped
    }
    ...RuleForm_AlertRuleFragment
  }
`);

type Rule = RuleTable_AlertRuleFragmentFragment;
type Setting = Rule['settings'][number];

/** A setting's text with its unit. */
function withUnit(value: string, unit: Setting['unit']): string {
  switch (unit) {
    case 'DOLLARS':
      return `$${value}`;
    case 'PERCENT':
      return `${value} %`;
    case 'PERCENTS':
      return `${value.replaceAll(',', ', ')} %`;
    case 'COUNT':
      return value;
    case 'MINUTES':
    case 'DAYS':
    case 'WEEKS':
      return `${value} ${unit.toLowerCase()}`;
  }
}

function columnsOf(onEdit: (rule: Rule) => void): readonly Column<Rule>[] {
  return [
    {
      key: 'kind',
      header: 'Rule',
      isRowHeader: true,
      render: ({ kind, description }) => (
        <>
          {KINDS[kind]}
          <Text size="sm" c="dimmed" maw="46ch">
            {description}
          </Text>
        </>
      ),
    },
    {
      key: 'settings',
      header: 'What is set',
      wide: true,
      render: ({ settings }) =>
        settings.length === 0 ? (
          <Text size="sm" c="dimmed">
            Nothing can be set
          </Text>
        ) : (
          <Stack gap={2}>
            {settings.map(({ name, description, value, shipped, unit }) => (
              <Text size="sm" key={name}>
                {withoutStop(description)}: <b>{withUnit(value, unit)}</b>
                {value !== shipped && (
                  <Text span c="dimmed">
                    {' '}
                    (ships as {withUnit(shipped, unit)})
                  </Text>
                )}
              </Text>
            ))}
          </Stack>
        ),
    },
    {
      key: 'state',
      header: 'State',
      render: ({ enabled }) =>
        enabled ? <State tone="good">Told</State> : <State tone="quiet">Switched off</State>,
    },
    {
      key: 'updated',
      header: 'Set',
      wide: true,
      render: ({ updatedAt, updatedByName }) =>
        updatedAt ? (
          <>
            <Instant value={updatedAt} />
            <Text size="sm" c="dimmed">
              by {updatedByName}
            </Text>
          </>
        ) : (
          'as shipped'
        ),
    },
    {
      key: 'edit',
      header: <VisuallyHidden>Change</VisuallyHidden>,
      acts: true,
      align: 'end',
      render: (rule) => (
        <Button
          size="xs"
          variant="default"
          onClick={() => onEdit(rule)}
          aria-label={`Change: ${KINDS[rule.kind]}`}
        >
          Change
        </Button>
      ),
    },
  ];
}

interface RuleTableProps {
  readonly rules: readonly FragmentType<typeof RuleTable_AlertRuleFragment>[] | undefined;
}

export function RuleTable(props: RuleTableProps) {
  const rules = readFragment(RuleTable_AlertRuleFragment, props.rules);
  const [edited, setEdited] = useState<Rule | null>(null);
  return (
    <>
      <DataTable
        label="Rules of alerts"
        columns={columnsOf(setEdited)}
        rows={rules}
        keyOf={({ kind }) => kind}
        expected={13}
        empty={null}
      />
      <RuleForm rule={edited} onClose={() => setEdited(null)} />
    </>
  );
}
