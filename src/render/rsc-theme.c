#include "config.h"

#include "rsc-theme.h"

/* test-render checks each pair of text and ground for a contrast of 4.5, and of
 * 7 in the high contrast themes; each line and border for one of 3, also where
 * a state fades it. */
static const RscThemeColors themes[] = {
  [RSC_THEME_LIGHT] = {
    .background = 0xfcfcfd, .text = 0x3b404a,
    .edge = 0x6f7683, .edge_weak = 0x757c89, .edge_text = 0x565d69,
    .fold_fill = 0xf1f2f5, .fold_stroke = 0x757c89, .fold_text = 0x4a515d,
    .start_text = 0xffffff, .ring = 0xb8820a, .emphasis = 0x1c71d8,
    .danger = 0xb3261e, .danger_fill = 0xfdecea, .success = 0x1b7f3b, .badge_text = 0xffffff,
    .groups = { 0x8e3bb5, 0x0b6e99, 0xa14f00, 0x2f6f1f, 0xb0255f, 0x4a4fc4 },
    .line_width = 1.1,
    .roles = {
      [RSC_ROLE_OTHER] = { 0xffffff, 0x818a99, 0x454b57 },
      [RSC_ROLE_INSTANCE] = { 0xe9f1fe, 0x4680e6, 0x174a9c },
      [RSC_ROLE_CLASS] = { 0xf2ebfd, 0x966ade, 0x56289f },
      [RSC_ROLE_FUNCTION] = { 0xe2f5f3, 0x3d9087, 0x0a5850 },
      [RSC_ROLE_MODULE] = { 0xe7f5e7, 0x4a924d, 0x1e5622 },
      [RSC_ROLE_CONTAINER] = { 0xfff5e0, 0xb07c1f, 0x704800 },
      [RSC_ROLE_VALUE] = { 0xf3f4f6, 0x7d8696, 0x3f4652 },
      [RSC_ROLE_FRAME] = { 0xfdebf2, 0xd0568a, 0x861c4b },
    },
  },
  [RSC_THEME_DARK] = {
    .background = 0x1d1e22, .text = 0xd5d9e0,
    .edge = 0x838a97, .edge_weak = 0x757c88, .edge_text = 0xaeb5c1,
    .fold_fill = 0x2a2c32, .fold_stroke = 0x7c8490, .fold_text = 0xc3c9d3,
    .start_text = 0x16171a, .ring = 0xf8c64a, .emphasis = 0x78aeed,
    .danger = 0xff8a80, .danger_fill = 0x3d2021, .success = 0x7bd88f, .badge_text = 0x16171a,
    .groups = { 0xd9a1f2, 0x6fc7ee, 0xffb066, 0x9bd67f, 0xff93bd, 0xa9aeff },
    .line_width = 1.1,
    .roles = {
      [RSC_ROLE_OTHER] = { 0x26282d, 0x727986, 0xdfe3ea },
      [RSC_ROLE_INSTANCE] = { 0x1c2a44, 0x4d7fd1, 0xa9c8ff },
      [RSC_ROLE_CLASS] = { 0x2d2342, 0x8a66c9, 0xd5bfff },
      [RSC_ROLE_FUNCTION] = { 0x15312f, 0x3b948b, 0x8fe0d6 },
      [RSC_ROLE_MODULE] = { 0x1c321e, 0x4f9553, 0xa5dda8 },
      [RSC_ROLE_CONTAINER] = { 0x382b14, 0xb5832f, 0xf6cf8b },
      [RSC_ROLE_VALUE] = { 0x2a2c31, 0x757c89, 0xdfe3ea },
      [RSC_ROLE_FRAME] = { 0x3d1f2d, 0xbd5c86, 0xffb3d0 },
    },
  },
  [RSC_THEME_HIGH_CONTRAST_LIGHT] = {
    .background = 0xffffff, .text = 0x000000,
    .edge = 0x303030, .edge_weak = 0x404040, .edge_text = 0x000000,
    .fold_fill = 0xffffff, .fold_stroke = 0x000000, .fold_text = 0x000000,
    .start_text = 0xffffff, .ring = 0x8f4d00, .emphasis = 0x0040a0,
    .danger = 0x8c0000, .danger_fill = 0xffffff, .success = 0x004d1a, .badge_text = 0xffffff,
    .groups = { 0x5c007a, 0x003f5c, 0x5e2d00, 0x174500, 0x70003a, 0x1c2080 },
    .line_width = 1.8,
    .roles = {
      [RSC_ROLE_OTHER] = { 0xffffff, 0x000000, 0x000000 },
      [RSC_ROLE_INSTANCE] = { 0xffffff, 0x003380, 0x002a6b },
      [RSC_ROLE_CLASS] = { 0xffffff, 0x45107f, 0x3d0d72 },
      [RSC_ROLE_FUNCTION] = { 0xffffff, 0x00463f, 0x003b35 },
      [RSC_ROLE_MODULE] = { 0xffffff, 0x0d4512, 0x0b3b0f },
      [RSC_ROLE_CONTAINER] = { 0xffffff, 0x5c3b00, 0x4f3200 },
      [RSC_ROLE_VALUE] = { 0xffffff, 0x000000, 0x000000 },
      [RSC_ROLE_FRAME] = { 0xffffff, 0x6b0f38, 0x600c31 },
    },
  },
  [RSC_THEME_HIGH_CONTRAST_DARK] = {
    .background = 0x000000, .text = 0xffffff,
    .edge = 0xd8d8d8, .edge_weak = 0xc0c0c0, .edge_text = 0xffffff,
    .fold_fill = 0x000000, .fold_stroke = 0xffffff, .fold_text = 0xffffff,
    .start_text = 0x000000, .ring = 0xffd24d, .emphasis = 0x8cc4ff,
    .danger = 0xff9c94, .danger_fill = 0x000000, .success = 0x86f0a0, .badge_text = 0x000000,
    .groups = { 0xe9b8ff, 0x8fdcff, 0xffc48a, 0xb4f098, 0xffaccd, 0xc3c6ff },
    .line_width = 1.8,
    .roles = {
      [RSC_ROLE_OTHER] = { 0x000000, 0xffffff, 0xffffff },
      [RSC_ROLE_INSTANCE] = { 0x000000, 0xa9c8ff, 0xbcd4ff },
      [RSC_ROLE_CLASS] = { 0x000000, 0xd5bfff, 0xdfceff },
      [RSC_ROLE_FUNCTION] = { 0x000000, 0x8fe0d6, 0xa6ebe2 },
      [RSC_ROLE_MODULE] = { 0x000000, 0xa5dda8, 0xb8e8ba },
      [RSC_ROLE_CONTAINER] = { 0x000000, 0xf6cf8b, 0xfadba6 },
      [RSC_ROLE_VALUE] = { 0x000000, 0xffffff, 0xffffff },
      [RSC_ROLE_FRAME] = { 0x000000, 0xffb3d0, 0xffc6dc },
    },
  },
};

const RscThemeColors *
rsc_theme_get_colors (RscTheme theme)
{
  return &themes[theme];
}

guint32
rsc_theme_get_background (RscTheme theme)
{
  return themes[theme].background;
}
