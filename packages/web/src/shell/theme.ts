import { createTheme, localStorageColorSchemeManager, type MantineColorsTuple } from '@mantine/core';

const accent: MantineColorsTuple = [
  '#eef3ff', '#dbe5fc', '#b5c9f8', '#8cabf3', '#6a91ef', '#5580ed', '#3f6fe6', '#2a5bd0', '#2451ba', '#1a45a3',
];

/** Mantine's own neutrals in the dark, from the same greys as `styles/tokens.css`. */
const dark: MantineColorsTuple = [
  '#e6e9ef', '#c3c9d4', '#9da6b5', '#5c6575', '#3b424f', '#2a303a', '#1c2027', '#15181e', '#101318', '#0b0d11',
];

export const theme = createTheme({
  primaryColor: 'accent',
  primaryShade: { light: 7, dark: 5 },
  colors: { accent, dark },
  fontFamily: 'var(--font)',
  fontFamilyMonospace: 'var(--mono)',
  fontSizes: { xs: '12px', sm: '13px', md: '13px', lg: '16px', xl: '24px' },
  defaultRadius: 6,
  cursorType: 'pointer',
  respectReducedMotion: true,
  components: {
    Tooltip: { defaultProps: { transitionProps: { duration: 80 }, openDelay: 300, withinPortal: true } },
    Modal: { defaultProps: { transitionProps: { duration: 120 }, centered: true, overlayProps: { backgroundOpacity: 0.5 } } },
    Menu: { defaultProps: { transitionProps: { duration: 80 } } },
    Popover: { defaultProps: { transitionProps: { duration: 80 } } },
    TextInput: { defaultProps: { size: 'sm' } },
    Select: { defaultProps: { comboboxProps: { transitionProps: { duration: 80 } } } },
  },
});

/** The key is also read by `public/colour-scheme.js`, before the first paint. */
export const colourSchemes = localStorageColorSchemeManager({ key: 'pitot-colour-scheme' });
