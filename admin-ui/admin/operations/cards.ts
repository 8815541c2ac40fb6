/** A card of docs/operations.md, as a template prints it. */
interface Card {
  readonly title: string
  readonly anchor: string
  readonly blocks: readonly Block[]
}

/** One of the three holds something. */
interface Block {
  readonly paragraph: readonly Part[]
  readonly items: readonly (readonly Part[])[]
  /** Commands and what they print. */
  readonly console: string
}

interface Part {
  readonly text: string
  readonly isCode: boolean
  /** Of another card; empty: no link. */
  readonly address: string
}

const empty: Block = { paragraph: [], items: [], console: '' }

/** Reads the Markdown that the cards are written in: paragraphs, lists, commands, code and links, and nothing else. */
export function readCards(page: string): readonly Card[] {
  return page
    .split(/^## /m)
    .slice(1)
    .map((card) => {
      const [title = '', ...lines] = card.split('\n')
      return { title, anchor: title.toLowerCase().replaceAll(' ', '-'), blocks: blocksOf(lines.join('\n')) }
    })
}

function blocksOf(text: string): readonly Block[] {
  return text.split(/^(```console\n[^]*?^```$)/m).flatMap((piece) => {
    const commands = /^```console\n([^]*)\n```$/.exec(piece)?.[1]
    if (commands !== undefined) return [{ ...empty, console: commands }]
    return piece
      .split(/\n{2,}/)
      .map((block) => block.trim())
      .filter((block) => block !== '')
      .map((block) =>
        block.startsWith('- ')
          ? { ...empty, items: block.split('\n').map((item) => partsOf(item.slice(2))) }
          : { ...empty, paragraph: partsOf(block) },
      )
  })
}

function partsOf(text: string): readonly Part[] {
  return text
    .split(/(`[^`]+`|\[[^\]]+\]\([^)]+\))/)
    .filter((part) => part !== '')
    .map((part) => {
      const [, label = '', target = ''] = /^\[([^\]]+)\]\(([^)]+)\)$/.exec(part) ?? []
      if (label !== '') return { text: label, isCode: false, address: target.startsWith('#') ? target : '' }
      const isCode = part.startsWith('`')
      return { text: isCode ? part.slice(1, -1) : part, isCode, address: '' }
    })
}
