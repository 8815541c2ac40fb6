import { apacheSetup } from './apache.ts'
import { anyClientSetup, pfsenseSetup, synologySetup, unifiSetup } from './appliances.ts'
import type { ClientSite } from './client-site.ts'
import { freeradiusSetup } from './freeradius.ts'
import { nslcdSetup } from './nslcd.ts'
import { openvpnSetup } from './openvpn.ts'
import type { ReadySetup } from './ready-setup.ts'
import { sssdSetup } from './sssd.ts'

/** Ready set-ups of every kind of client. */
export function clientSetups(site: ClientSite): readonly ReadySetup[] {
  return [
    sssdSetup,
    nslcdSetup,
    freeradiusSetup,
    openvpnSetup,
    apacheSetup,
    pfsenseSetup,
    synologySetup,
    unifiSetup,
    anyClientSetup,
  ].map((make) => make(site))
}
