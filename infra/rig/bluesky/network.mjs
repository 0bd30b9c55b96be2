// Start a PLC directory, a PDS and an AppView on loopback only, and say where they are in the file $RIG_READY.
import { rename, writeFile } from 'node:fs/promises'
import net from 'node:net'

// The servers listen on every interface unless told otherwise, and have no setting for it.
const listen = net.Server.prototype.listen
net.Server.prototype.listen = function (first, ...rest) {
  if (first !== null && typeof first === 'object') {
    const bound = first.host || first.path || first.fd !== undefined ? first : { ...first, host: '127.0.0.1' }
    return listen.call(this, bound, ...rest)
  }
  if (Number.isInteger(Number(first)) && typeof rest[0] !== 'string') {
    return listen.call(this, first, '127.0.0.1', ...rest.filter((each) => each !== undefined))
  }
  return listen.call(this, first, ...rest)
}

const { TestBsky, TestBsync, TestPds, TestPlc, mockNetworkUtilities } = await import('@atproto/dev-env')

const port = (name) => Number(process.env[`RIG_${name}_PORT`])
const plc = await TestPlc.create({ port: port('PLC') })
const appviewUrl = `http://localhost:${port('APPVIEW')}`
const bsync = await TestBsync.create({
  apiKeys: ['bsync-api-key'],
  dbUrl: process.env.DB_POSTGRES_URL,
  dbSchema: 'bsync',
})
const appview = await TestBsky.create({
  port: port('APPVIEW'),
  publicUrl: appviewUrl,
  plcUrl: plc.url,
  bsyncApiKey: 'bsync-api-key',
  bsyncUrl: bsync.url,
  repoProvider: `ws://localhost:${port('PDS')}`,
  dbPostgresSchema: 'appview',
  dbPostgresUrl: process.env.DB_POSTGRES_URL,
  redisHost: process.env.REDIS_HOST,
})
bsync.ctx.dataplaneClients = [appview.ctx.dataplane]
const pds = await TestPds.create({
  port: port('PDS'),
  hostname: 'localhost',
  didPlcUrl: plc.url,
  bskyAppViewUrl: appview.url,
  bskyAppViewDid: appview.ctx.cfg.serverDid,
  enableDidDocWithSession: true,
})
// before the first event, so that every handle resolves against this PDS
mockNetworkUtilities(pds, appview)

const draft = `${process.env.RIG_READY}.new`
await writeFile(draft, JSON.stringify({ plc: plc.url, pds: pds.url, appview: appview.url }))
await rename(draft, process.env.RIG_READY)
