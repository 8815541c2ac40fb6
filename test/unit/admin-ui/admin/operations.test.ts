import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readCards } from '../../../../admin-ui/admin/operations/cards.ts'
import { operationCards } from '../../../../server/runtime/operation-cards.ts'

const page = readFileSync(join(import.meta.dirname, '..', '..', '..', '..', 'docs', 'operations.md'), 'utf8')

test('what the log and the Overview name is a card, and every card can be named', () => {
  expect(readCards(page).map(({ anchor }) => anchor)).toEqual([...operationCards])
})

test('a card is paragraphs, lists and commands, with code and links to other cards', () => {
  const [card] = readCards(
    'x\n\n## It is broken\n\nLook `here`.\n\n```console\n$ rosterd runs\n…\n```\n\n- One [card](#other).\n- Two [doc](sync.md)\n',
  )
  const plain = (text: string) => ({ text, isCode: false, address: '' })
  expect(card).toEqual({
    title: 'It is broken',
    anchor: 'it-is-broken',
    blocks: [
      { paragraph: [plain('Look '), { text: 'here', isCode: true, address: '' }, plain('.')], items: [], console: '' },
      { paragraph: [], items: [], console: '$ rosterd runs\n…' },
      {
        paragraph: [],
        items: [
          [plain('One '), { text: 'card', isCode: false, address: '#other' }, plain('.')],
          [plain('Two '), plain('doc')],
        ],
        console: '',
      },
    ],
  })
})

test('nothing of the Markdown is left over', () => {
  const shown = readCards(page).flatMap(({ blocks }) =>
    blocks.flatMap(({ paragraph, items }) => [...paragraph, ...items.flat()].filter(({ isCode }) => !isCode)),
  )
  for (const { text } of shown) expect(text).not.toMatch(/[`[\]#*]/)
})
