import fc from 'fast-check'
import { expect, test } from 'vitest'
import { maxGroupNameLength, wantedGroupName } from '../../../sync/group-names.ts'

test.each([
  ['Sales', 'Sales'],
  ['  Büro   Zürich ', 'Büro Zürich'],
  ['Rechte, "Sonder" + mehr / Rest', 'Rechte_ _Sonder_ _ mehr _ Rest'],
  ['a=b;c<d>e\\f:g', 'a_b_c_d_e_f_g'],
  ['#hash', '_hash'],
  ['tab\tnewline\n', 'tab_newline_'],
  ['', 'group'],
  ['大阪オフィス', '大阪オフィス'],
])('%s becomes %s', (name, cn) => {
  expect(wantedGroupName(name)).toBe(cn)
})

test('no name breaks a host, none is empty or too long, and a safe name is left alone', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (name) => {
      const cn = wantedGroupName(name)
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
      expect(cn).not.toMatch(/[\u0000-\u001f\u007f,+"\\<>;=/:]/)
      expect(cn.trim()).not.toBe('')
      expect(cn.length).toBeLessThanOrEqual(maxGroupNameLength)
      expect(wantedGroupName(cn)).toBe(cn)
    }),
  )
})
