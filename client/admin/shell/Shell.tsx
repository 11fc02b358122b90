/** The frame: where one can go, who one is, whether what one sees is live. */
import { ActionIcon, AppShell, Burger, Button, Group, Kbd, useMantineColorScheme } from '@mantine/core';
import { useDisclosure, useHotkeys, useMediaQuery } from '@mantine/hooks';
import { useSpotlight } from '@mantine/spotlight';
import IconDeviceDesktop from '@tabler/icons-react/icons/IconDeviceDesktop';
import IconLogout from '@tabler/icons-react/icons/IconLogout';
import IconMoon from '@tabler/icons-react/icons/IconMoon';
import IconSearch from '@tabler/icons-react/icons/IconSearch';
import IconSun from '@tabler/icons-react/icons/IconSun';
import { Link, Outlet } from '@tanstack/react-router';
import { AfterPaint } from '../../ui/AfterPaint.tsx';
import { laterDialog } from '../../ui/later.tsx';
import { useManner } from '../../ui/preferences.tsx';
import { AlertFeed } from '../components/alert/AlertFeed.tsx';
import { LiveBanner, LiveMark } from './LiveBanner.tsx';
import { Navigation } from './Navigation.tsx';
import { palette, paletteStore } from './palette.ts';
import classes from './Shell.module.css';
import { Shortcuts } from './Shortcuts.tsx';
import { useSignOut } from './sign-out.ts';

const Palette = laterDialog<{ readonly opened: boolean; readonly onClose: () => void }>(() =>
  import('./Palette.tsx').then((file) => file.Palette),
);

const SCHEMES = {
  light: { next: 'dark', label: 'Colours: light', icon: IconSun },
  dark: { next: 'auto', label: 'Colours: dark', icon: IconMoon },
  auto: { next: 'light', label: 'Colours: as the system', icon: IconDeviceDesktop },
} as const;

function ColorSchemeButton() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const { next, label, icon: Icon } = SCHEMES[colorScheme];
  return (
    <ActionIcon
      variant="default"
      size="lg"
      aria-label={label}
      className={classes.wordless}
      onClick={() => setColorScheme(next)}
    >
      <Icon size={18} stroke={1.6} />
    </ActionIcon>
  );
}

export function Shell() {
  const [isOpen, menu] = useDisclosure(false);
  // On a phone the links are behind the menu.
  const isWide = useMediaQuery('(min-width: 48em)', undefined, { getInitialValueInEffect: false });
  const { zone } = useManner();
  const signOut = useSignOut();
  const { opened: isPaletteOpen } = useSpotlight(paletteStore);
  useHotkeys([['mod+K', palette.toggle]]);
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
          <Group gap="sm" wrap="nowrap" className={classes.where}>
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
              onClick={palette.open}
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
              onClick={palette.open}
            >
              <IconSearch size={18} />
            </ActionIcon>
            <Button
              variant="subtle"
              color="gray"
              component={Link}
              to="/settings"
              visibleFrom="md"
              className={classes.zone}
              title="Times are shown in this zone"
            >
              {zone}
            </Button>
            <ColorSchemeButton />
            <ActionIcon
              variant="default"
              size="lg"
              aria-label="Sign out"
              className={classes.wordless}
              onClick={() => void signOut()}
            >
              <IconLogout size={18} stroke={1.6} />
            </ActionIcon>
          </Group>
        </AppShell.Header>
        <AppShell.Navbar className={classes.navbar} aria-label="Pages">
          {isWide ? (
            <Navigation onGo={menu.close} />
          ) : (
            <AfterPaint>
              <Navigation onGo={menu.close} />
            </AfterPaint>
          )}
        </AppShell.Navbar>
        <AppShell.Main id="content" tabIndex={-1}>
          <LiveBanner />
          <Outlet />
        </AppShell.Main>
        <Palette opened={isPaletteOpen} onClose={palette.close} />
        <Shortcuts />
      </AppShell>
    </AlertFeed>
  );
}
