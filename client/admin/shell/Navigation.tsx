/** The links to all pages, at the side. */
import { NavLink, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { PLACES } from './navigation.ts';
import classes from './Shell.module.css';

export function Navigation({ onGo }: { readonly onGo: () => void }) {
  return PLACES.map(({ group, places }) => (
    <div key={group} className={classes.group}>
      <Text component="h2" size="xs" fw={600} c="dimmed" px="sm" mb={4}>
        {group}
      </Text>
      {places.map(({ to, label, icon: Icon, mark: Mark }) => (
        <NavLink
          key={label}
          component={Link}
          to={to}
          activeOptions={{ exact: to === '/' }}
          className={classes.link}
          label={label}
          leftSection={<Icon size={18} stroke={1.6} aria-hidden="true" />}
          rightSection={Mark && <Mark />}
          onClick={onGo}
        />
      ))}
    </div>
  ));
}
