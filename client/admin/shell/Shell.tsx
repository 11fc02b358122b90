/** The frame: where one can go, who one is, whether what one sees is live. */
import {
  ActionIcon,
  AppShell,
  Burger,
  Button,
  Group,
  Kbd,
  NavLink,
  ScrollArea,
  Text,
  Tooltip,
  useMantineColorScheme,
} from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { spotlight } from '@mantine/spotlight';
import IconDeviceDesktop from '@tabler/icons-react/icons/IconDeviceDesktop';
import IconLogout from '@tabler/icons-react/icons/IconLogout';
import IconMoon from '@tabler/icons-react/icons/IconMoon';
import IconSearch from '@tabler/icons-react/icons/IconSearch';
import IconSun from '@tabler/icons-react/icons/IconSun';
import { Link, Outlet } from '@tanstack/react-router';
import { useManner } from '../../ui/preferences.tsx';
import { AlertFeed } from '../components/alert/AlertFeed.tsx';
import { LiveBanner, LiveMark } from './LiveBanner.tsx';
import { PLACES } from './navigation.ts';
import { Palette } from './Palette.tsx';
import classes from './Shell.module.css';
import { Shortcuts } from './Shortcuts.tsx';
import { useSignOut } from './sign-out.ts';

const SCHEMES = {
  light: { next: 'dark', label: 'Colours: light', icon: IconSun },
  dark: { next: 'auto', label: 'Colours: dark', icon: IconMoon },
  auto: { next: 'light', label: 'Colours: as the system', icon: IconDeviceDesktop },
} as const;

function ColorSchemeButton() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const { next, label, icon: Icon } = SCHEMES[colorScheme];
  return (
    <Tooltip label={label}>
      <ActionIcon variant="default" size="lg" aria-label={label} onClick={() => setColorScheme(next)}>
        <Icon size={18} stroke={1.6} />
      </ActionIcon>
    </Tooltip>
  );
}

export function Shell() {
  const [isOpen, menu] = useDisclosure(false);
  const { zone } = useManner();
  const signOut = useSignOut();
  return (
    <AlertFeed>
      <AppShell
        header={{ height: 56 }}
        navbar={{ width: 236, breakpoint: 'sm', collapsed: { mobile: !isOpen } }}
        padding="md"
        classNames={{ main: classes.main }}
      >
        <a className={classes.skip} href="#content">
          To the content
        </a>
        <AppShell.Header className={classes.header}>
          <Group gap="sm" wrap="nowrap">
            <Burger
              opened={isOpen}
              onClick={menu.toggle}
              hiddenFrom="sm"
              size="sm"
              aria-label={isOpen ? 'Close the menu' : 'Open the menu'}
              aria-expanded={isOpen}
            />
            <Link to="/" className={classes.brand} onClick={menu.close}>
              Solvent
            </Link>
            <LiveMark />
          </Group>
          <Group gap="xs" wrap="nowrap">
            <Button
              variant="default"
              onClick={spotlight.open}
              leftSection={<IconSearch size={16} />}
              rightSection={<Kbd size="xs">Ctrl K</Kbd>}
              visibleFrom="sm"
            >
              Go to…
            </Button>
            <ActionIcon
              variant="default"
              size="lg"
              hiddenFrom="sm"
              aria-label="Go to…"
              onClick={spotlight.open}
            >
              <IconSearch size={18} />
            </ActionIcon>
            <Tooltip label="Times are shown in this zone">
              <Button
                variant="subtle"
                color="gray"
                component={Link}
                to="/settings"
                visibleFrom="md"
                className={classes.zone}
              >
                {zone}
              </Button>
            </Tooltip>
            <ColorSchemeButton />
            <Tooltip label="Sign out">
              <ActionIcon variant="default" size="lg" aria-label="Sign out" onClick={() => void signOut()}>
                <IconLogout size={18} stroke={1.6} />
              </ActionIcon>
            </Tooltip>
          </Group>
        </AppShell.Header>
        <AppShell.Navbar className={classes.navbar} aria-label="Pages">
          <ScrollArea type="auto" scrollbarSize={6}>
            {PLACES.map(({ group, places }) => (
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
                    onClick={menu.close}
                  />
                ))}
              </div>
            ))}
          </ScrollArea>
        </AppShell.Navbar>
        <AppShell.Main id="content" tabIndex={-1}>
          <LiveBanner />
          <Outlet />
        </AppShell.Main>
        <Palette />
        <Shortcuts />
      </AppShell>
    </AlertFeed>
  );
}
