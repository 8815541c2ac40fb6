/**
 * The few functions of the Reflect metadata proposal that tsyringe, inside `@peculiar/x509`, needs before it can be
 * loaded. Import this file first. Leaves a real polyfill alone.
 */
type Metadata = Map<string, Map<string | symbol | undefined, unknown>>

const store = new WeakMap<object, Metadata>()

function getOwnMetadata(key: string, target: object, property?: string | symbol): unknown {
  return store.get(target)?.get(key)?.get(property)
}

function getMetadata(key: string, target: object, property?: string | symbol): unknown {
  for (let holder: object | null = target; holder !== null; holder = Object.getPrototypeOf(holder)) {
    const value = getOwnMetadata(key, holder, property)
    if (value !== undefined) return value
  }
  return undefined
}

function defineMetadata(key: string, value: unknown, target: object, property?: string | symbol): void {
  const metadata = store.get(target) ?? new Map()
  store.set(target, metadata)
  const values = metadata.get(key) ?? new Map()
  metadata.set(key, values)
  values.set(property, value)
}

const polyfill = {
  getOwnMetadata,
  getMetadata,
  defineMetadata,
  hasOwnMetadata: (key: string, target: object, property?: string | symbol) =>
    getOwnMetadata(key, target, property) !== undefined,
  metadata: (key: string, value: unknown) => (target: object, property?: string | symbol) =>
    defineMetadata(key, value, target, property),
}

if (!('getMetadata' in Reflect)) Object.assign(Reflect, polyfill)
