/** Rows of a list on one page. */
export const gridPageSize = 50

export interface GridFilter {
  /** Of the field in the address. */
  readonly name: string
  readonly label: string
  /** Chosen value; undefined: all. */
  readonly value: string | undefined
  /** Without: any text. */
  readonly choices?: readonly { readonly value: string; readonly label: string }[]
}

/** A list that is searched, filtered and shown a page at a time. */
export interface GridInput {
  /** Of the page, without a query. */
  readonly path: string
  readonly search: string
  /** What the search looks at, such as "Name, address or id". */
  readonly searchLabel: string
  readonly filters: readonly GridFilter[]
  /** From 1. */
  readonly page: number
  /** Rows in all, of all pages. */
  readonly total: number
  /** Where the whole list can be downloaded, with the filters. */
  readonly downloads?: readonly { readonly path: string; readonly label: string }[]
}

/** What `partials/grid-filters` and `partials/grid-paging` print. Addresses hold what was chosen, so they can be kept. */
export function gridOf({ path, search, searchLabel, filters, page, total, downloads = [] }: GridInput) {
  const chosen = Object.fromEntries([
    ...(search === '' ? [] : [['search', search]]),
    ...filters.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]])),
  ]) as Record<string, string>
  const pages = Math.max(1, Math.ceil(total / gridPageSize))
  const addressOfPage = (number: number) =>
    addressWith(path, number === 1 ? chosen : { ...chosen, page: String(number) })
  return {
    path,
    search,
    searchLabel,
    filters: filters.map(({ name, label, value, choices }) => ({
      name,
      label,
      value: value ?? '',
      isText: choices === undefined,
      choices: (choices ?? []).map((choice) => ({ ...choice, isChosen: choice.value === value })),
    })),
    isFiltered: Object.keys(chosen).length > 0,
    downloads: downloads.map(({ path, label }) => ({ address: addressWith(path, chosen), label })),
    total: total.toLocaleString('en-GB'),
    range: rangeText(page, total),
    previous: page === 1 ? '' : addressOfPage(Math.min(page - 1, pages)),
    next: page >= pages ? '' : addressOfPage(page + 1),
  }
}

/** The part of a list that a page shows. */
export function rowsOfPage<Row>(rows: readonly Row[], page: number): readonly Row[] {
  return rows.slice((page - 1) * gridPageSize, page * gridPageSize)
}

export function addressWith(path: string, query: Readonly<Record<string, string>>): string {
  const text = new URLSearchParams(query).toString()
  return text === '' ? path : `${path}?${text}`
}

function rangeText(page: number, total: number): string {
  const first = (page - 1) * gridPageSize + 1
  const last = Math.min(page * gridPageSize, total)
  const all = total.toLocaleString('en-GB')
  return first > last ? `0 of ${all}` : `${first.toLocaleString('en-GB')}–${last.toLocaleString('en-GB')} of ${all}`
}
