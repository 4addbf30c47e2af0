// Checks tests/golden/crypto/unixfs.tsv against IPFS's own JavaScript importer.
// Usage: npm install ipfs-unixfs-importer, then: node check_unixfs_golden.mjs PATH/unixfs.tsv (from that folder)
import crypto from 'node:crypto'
import fs from 'node:fs'
import { importer } from 'ipfs-unixfs-importer'
import { fixedSize } from 'ipfs-unixfs-importer/chunker'
import { balanced } from 'ipfs-unixfs-importer/layout'

const profiles = { // CID version, raw leaves, chunk bytes, links a node
  v0: [0, false, 262144, 174], v1: [1, true, 262144, 174], 'v1-2025': [1, true, 1048576, 1024],
  'small-v0': [0, false, 64, 3], 'small-v1': [1, true, 64, 3]
}
const nowhere = { put: async (cid) => cid }

function stream (seed, size) {
  const key = crypto.createHash('sha256').update(seed).digest()
  return crypto.createCipheriv('chacha20', key, Buffer.alloc(16)).update(Buffer.alloc(size))
}

async function add (data, [cidVersion, rawLeaves, chunkSize, maxChildrenPerNode]) {
  const content = (async function * () { if (data.length > 0) yield data })()
  let last
  for await (const entry of importer([{ content }], nowhere, {
    cidVersion, rawLeaves, reduceSingleLeafToSelf: true, chunker: fixedSize({ chunkSize }), layout: balanced({ maxChildrenPerNode })
  })) last = entry
  return last.cid.toString()
}

let equal = 0
for (const line of fs.readFileSync(process.argv[2], 'utf8').split('\n')) {
  const [size, seed, profile, cid] = line.split('\t')
  if (line === '' || line[0] === '#' || seed === 'folder') continue
  const theirs = await add(stream(seed, Number(size)), profiles[profile])
  if (theirs !== cid) throw new Error(`${line}: the importer says ${theirs}`)
  equal++
}
console.log(`${equal} CIDs equal`)
