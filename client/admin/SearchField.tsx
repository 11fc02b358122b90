/** A field whose text becomes a search parameter when one stops typing. */
import { TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import IconSearch from '@tabler/icons-react/icons/IconSearch';
import { useRouter } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';

interface SearchFieldProps {
  readonly placeholder: string;
  /** What is searched for, as the address has it. */
  readonly value: string | undefined;
  /** Changes the address. */
  readonly onSearch: (text: string | undefined) => void;
}

const WAIT_MS = 250;

export function SearchField({ placeholder, value, onSearch }: SearchFieldProps) {
  const router = useRouter();
  const [typed, setTyped] = useState(value ?? '');
  const said = useRef(value);
  const search = useDebouncedCallback((text: string, pathname: string) => {
    // Somebody who is on the way to another page must not be called back.
    if (router.latestLocation.pathname !== pathname) return;
    said.current = text.trim() || undefined;
    onSearch(said.current);
  }, WAIT_MS);
  useEffect(() => {
    // What was typed comes back in the address a moment later; whatever else does came by a link or the way back.
    if (value === said.current) return;
    said.current = value;
    setTyped(value ?? '');
  }, [value]);
  return (
    <TextInput
      label="Search"
      placeholder={placeholder}
      leftSection={<IconSearch size={16} aria-hidden="true" />}
      type="search"
      maw={420}
      value={typed}
      onChange={(event) => {
        setTyped(event.currentTarget.value);
        search(event.currentTarget.value, router.latestLocation.pathname);
      }}
    />
  );
}
