/** Leads to something dangerous: a dialog asks before it is done. */
import { Button, type ButtonProps } from '@mantine/core';
import type { ComponentPropsWithoutRef } from 'react';
import classes from './DangerButton.module.css';

type DangerButtonProps = ButtonProps & Omit<ComponentPropsWithoutRef<'button'>, keyof ButtonProps>;

export function DangerButton(props: DangerButtonProps) {
  return <Button {...props} variant="default" className={classes.danger} />;
}
