/** The command palette: every page and every command by its name. It is opened through `palette`. */
import '@mantine/spotlight/styles.layer.css';
import { useMantineColorScheme } from '@mantine/core';
import { Spotlight, type SpotlightActionData } from '@mantine/spotlight';
import IconLogout from '@tabler/icons-react/icons/IconLogout';
import IconPalette from '@tabler/icons-react/icons/IconPalette';
import { useNavigate } from '@tanstack/react-router';
import { PLACES } from './navigation.ts';
import { paletteStore } from './palette.ts';
import { useSignOut } from './sign-out.ts';

export function Palette() {
  const navigate = useNavigate();
  const signOut = useSignOut();
  const { setColorScheme } = useMantineColorScheme();
  const scheme = (name: 'light' | 'dark' | 'auto', label: string): SpotlightActionData => ({
    id: `scheme-${name}`,
    label,
    leftSection: <IconPalette size={20} stroke={1.6} />,
    onClick: () => setColorScheme(name),
  });
  return (
    <Spotlight
      actions={[
        {
          group: 'Pages',
          actions: PLACES.flatMap(({ places }) => places).map(({ to, label, about, icon: Icon }) => ({
            id: label,
            label,
            description: about,
            leftSection: <Icon size={20} stroke={1.6} />,
            onClick: () => void navigate({ to }),
          })),
        },
        {
          group: 'Commands',
          actions: [
            scheme('light', 'Light colours'),
            scheme('dark', 'Dark colours'),
            scheme('auto', "The system's colours"),
            {
              id: 'sign-out',
              label: 'Sign out',
              leftSection: <IconLogout size={20} stroke={1.6} />,
              onClick: () => void signOut(),
            },
          ],
        },
      ]}
      store={paletteStore}
      // The frame listens to it, since it is there before this is.
      shortcut={null}
      nothingFound="Nothing by that name"
      highlightQuery
      scrollable
      maxHeight={420}
      searchProps={{
        leftSection: null,
        placeholder: 'Where to, or what to do?',
        'aria-label': 'Where to, or what to do?',
      }}
    />
  );
}
