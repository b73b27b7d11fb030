import { createTheme, localStorageColorSchemeManager, type MantineColorsTuple } from '@mantine/core';

const accent: MantineColorsTuple = [
  '#eef3ff', '#dbe5fc', '#b5c9f8', '#8cabf3', '#6a91ef', '#5580ed', '#3f6fe6', '#2a5bd0', '#2451ba', '#1a45a3',
];

export const theme = createTheme({
  primaryColor: 'accent',
  primaryShade: { light: 7, dark: 5 },
  colors: { accent },
  fontFamily: 'var(--font)',
  fontFamilyMonospace: 'var(--mono)',
  fontSizes: { xs: '12px', sm: '13px', md: '13px', lg: '16px', xl: '24px' },
  defaultRadius: 6,
  cursorType: 'pointer',
  respectReducedMotion: true,
  components: {
    Tooltip: { defaultProps: { transitionProps: { duration: 80 }, openDelay: 300, withinPortal: true } },
    Modal: { defaultProps: { transitionProps: { duration: 120 }, centered: true } },
    Menu: { defaultProps: { transitionProps: { duration: 80 } } },
    Popover: { defaultProps: { transitionProps: { duration: 80 } } },
    TextInput: { defaultProps: { size: 'sm' } },
    Select: { defaultProps: { comboboxProps: { transitionProps: { duration: 80 } } } },
  },
});

/** The key is also read by `public/colour-scheme.js`, before the first paint. */
export const colourSchemes = localStorageColorSchemeManager({ key: 'pitot-colour-scheme' });
