/** Links to pages, whose addresses, parameters and search are checked by their types. */
import { Anchor, type AnchorProps, Button, type ButtonProps } from '@mantine/core';
import { createLink, type LinkProps } from '@tanstack/react-router';
import { type AnchorHTMLAttributes, forwardRef, type ReactNode } from 'react';

/** The address of a page without parameters. */
export type PlainAddress = Exclude<NonNullable<LinkProps['to']>, `${string}$${string}` | `.${string}` | ''>;

type AnchorAttributes = AnchorProps & Omit<AnchorHTMLAttributes<HTMLAnchorElement>, keyof AnchorProps>;
type ButtonAttributes = ButtonProps & Omit<AnchorHTMLAttributes<HTMLAnchorElement>, keyof ButtonProps>;

/** A link in a text or a table. */
export const TextLink = createLink(
  forwardRef<HTMLAnchorElement, AnchorAttributes>((props, ref) => <Anchor ref={ref} {...props} />),
);

/** A link that looks like a button. */
export const ButtonLink = createLink(
  forwardRef<HTMLAnchorElement, ButtonAttributes>((props, ref) => (
    <Button component="a" ref={ref} {...props} />
  )),
);

/** To one user. */
export function UserLink({ id, children }: { readonly id: string; readonly children: ReactNode }) {
  return (
    <TextLink to="/users/$accountId" params={{ accountId: id }}>
      {children}
    </TextLink>
  );
}

/** To one generation. */
export function GenerationLink({ id, children }: { readonly id: string; readonly children: ReactNode }) {
  return (
    <TextLink to="/generations/$generationId" params={{ generationId: id }}>
      {children}
    </TextLink>
  );
}
