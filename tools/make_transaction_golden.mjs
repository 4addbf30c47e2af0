// Writes tests/golden/chain/transactions.tsv: transactions encoded by @ipld/dag-cbor and signed by ethers over the very
// eth_signTypedData_v4 document; ethers and viem must agree on every digest, and viem must accept every signature.
// Usage: npm install ethers@6.17.0 viem@2.57.0 @ipld/dag-cbor@10.0.2, then from that folder:
//   node PATH/tools/make_transaction_golden.mjs > PATH/tests/golden/chain/transactions.tsv
import crypto from 'node:crypto'
import { createRequire } from 'node:module'
import path from 'node:path'
import { pathToFileURL } from 'node:url'

const require = createRequire(path.join(process.cwd(), 'x.js'))
const load = async (name) => import(pathToFileURL(require.resolve(name)))
const { Wallet, TypedDataEncoder, getAddress, hexlify } = require('ethers')
const { hashTypedData, verifyTypedData } = require('viem')
const cbor = await load(path.join(process.cwd(), 'node_modules/@ipld/dag-cbor/src/index.js'))

const hex = (bytes) => Buffer.from(bytes).toString('hex')
const fromHex = (text) => new Uint8Array(Buffer.from(text.replace(/^0x/, ''), 'hex'))

/** Field types as Solidity names them → how the wire holds them and how the document writes them. */
function minimal (value) {
  let digits = value.toString(16)
  if (digits.length % 2 === 1) digits = '0' + digits
  return value === 0n ? new Uint8Array() : fromHex(digits)
}

const structs = {
  BankTransfer: [['address', 'to'], ['address', 'token'], ['uint128', 'amount']],
  Zeta: [['uint32', 'ppm'], ['Alpha[]', 'owners']],
  Alpha: [['address', 'who'], ['string', 'note']],
  TestEverything: [['bool', 'flag'], ['uint8', 'small'], ['uint32', 'medium'], ['uint64', 'large'], ['int64', 'signed'],
    ['uint128', 'amount'], ['address', 'account'], ['bytes32', 'digest'], ['bytes', 'data'], ['string', 'text'],
    ['Zeta', 'part'], ['Zeta[]', 'parts'], ['uint64[]', 'numbers'], ['string[]', 'names'], ['bytes32[]', 'digests']],
  TestEmpty: []
}
const types = { BankTransfer: 'bank/transfer', TestEverything: 'test/everything', TestEmpty: 'test/empty' }

function wireValue (type, value) {
  if (type.endsWith('[]')) return value.map((item) => wireValue(type.slice(0, -2), item))
  if (structs[type]) return wireStruct(type, value)
  if (type === 'uint128') return minimal(value)
  if (type === 'address' || type.startsWith('bytes')) return fromHex(value)
  return value
}
function wireStruct (name, value) {
  const out = {}
  for (const [type, field] of structs[name]) out[field] = wireValue(type, value[field])
  return out
}
function documentValue (type, value) {
  if (type.endsWith('[]')) return value.map((item) => documentValue(type.slice(0, -2), item))
  if (structs[type]) return documentStruct(type, value)
  if (type === 'address') return getAddress(value)
  return /^u?int/.test(type) ? value.toString() : value
}
function documentStruct (name, value) {
  const out = {}
  for (const [type, field] of structs[name]) out[field] = documentValue(type, value[field])
  return out
}

function structsBelow (name, found = new Set()) {
  if (found.has(name)) return found
  found.add(name)
  for (const [type] of structs[name]) {
    const element = type.replace('[]', '')
    if (structs[element]) structsBelow(element, found)
  }
  return found
}

function documentOf (body) {
  const found = new Set()
  for (const [name] of body.msgs) structsBelow(name, found)
  const named = (members) => members.map(([type, name]) => ({ name, type }))
  const transaction = [['address', 'from'], ['uint64', 'nonce'], ['uint64', 'expiry'], ['uint128', 'fee'], ['uint64', 'gas'],
    ['string', 'memo'], ...body.msgs.map(([name], i) => [name, `message${i + 1}`])]
  const document = {
    types: {
      EIP712Domain: named([['string', 'name'], ['string', 'version'], ['uint256', 'chainId']]),
      Transaction: named(transaction)
    },
    primaryType: 'Transaction',
    domain: { name: 'Assay', version: '1', chainId: Number(body.chain) },
    message: {
      from: getAddress(body.from), nonce: body.nonce.toString(), expiry: body.expiry.toString(),
      fee: body.fee.toString(), gas: body.gas.toString(), memo: body.memo
    }
  }
  for (const name of [...found].sort()) document.types[name] = named(structs[name])
  body.msgs.forEach(([name, value], i) => { document.message[`message${i + 1}`] = documentStruct(name, value) })
  return document
}

function wireOf (body, signature) {
  const messages = body.msgs.map(([name, value]) => ({ '@': types[name], ...wireStruct(name, value) }))
  const bytes = cbor.encode({
    chain: body.chain, from: fromHex(body.from), nonce: body.nonce, expiry: body.expiry, fee: minimal(body.fee),
    gas: body.gas, memo: body.memo, msgs: messages
  })
  return cbor.encode([bytes, fromHex(signature)])
}

async function row (name, wallet, body) {
  body = { chain: 677281n, from: wallet.address, nonce: 0n, expiry: 100n, fee: 21000n, gas: 21000n, memo: '', ...body }
  const document = documentOf(body)
  const { EIP712Domain, ...ours } = document.types
  const digest = TypedDataEncoder.hash(document.domain, ours, document.message)
  if (digest !== hashTypedData(document)) throw new Error(`${name}: ethers and viem differ`)
  const signature = await wallet.signTypedData(document.domain, ours, document.message)
  if (!await verifyTypedData({ ...document, address: wallet.address, signature })) throw new Error(`${name}: viem refuses`)
  const wire = wireOf(body, signature)
  const hash = crypto.createHash('sha256').update(wire).digest('hex')
  return [name, wallet.address, digest.slice(2), hash, hex(wire), JSON.stringify(document)].join('\t')
}

const key = (seed) => new Wallet(hexlify(crypto.createHash('sha256').update(seed).digest()))
const account = (seed) => '0x' + crypto.createHash('sha256').update(seed).digest('hex').slice(0, 40)
const transfer = (amount, to = 'bob') =>
  ['BankTransfer', { to: account(to), token: '0x00000000000000000000000000000000000a55a1', amount }]
const everything = (change = {}) => ['TestEverything', {
  flag: true, small: 200n, medium: 70000n, large: 2n ** 64n - 1n, signed: -(2n ** 63n), amount: 2n ** 128n - 1n,
  account: account('x'), digest: '0x' + 'ab'.repeat(32), data: '0x00ff10', text: 'grüße "quoted" \\ 日本',
  part: { ppm: 1n, owners: [{ who: account('p'), note: '' }] },
  parts: [{ ppm: 2n, owners: [] }, { ppm: 3n, owners: [{ who: account('q'), note: 'n' }, { who: account('r'), note: 'm' }] }],
  numbers: [0n, 23n, 24n, 255n, 256n, 65535n, 65536n, 4294967295n, 4294967296n], names: ['', 'a\tb\n'],
  digests: ['0x' + '01'.repeat(32)], ...change
}]
const nothing = { flag: false, small: 0n, medium: 0n, large: 0n, signed: 0n, amount: 0n, account: '0x' + '00'.repeat(20),
  digest: '0x' + '00'.repeat(32), data: '0x', text: '', part: { ppm: 0n, owners: [] }, parts: [], numbers: [], names: [], digests: [] }

const alice = key('alice')
console.log('# name\tsigner\tdigest\thash\twire\tdocument; made by tools/make_transaction_golden.mjs')
for (const [name, wallet, body] of [
  ['transfer', alice, { msgs: [transfer(1500000000n)] }],
  ['transfer-of-nothing', key('carol'), { fee: 0n, gas: 0n, expiry: 0n, msgs: [transfer(0n)] }],
  ['largest-numbers', alice, { chain: 4503599627370476n, nonce: 2n ** 64n - 1n, expiry: 2n ** 64n - 1n, fee: 2n ** 128n - 1n,
    gas: 2n ** 64n - 1n, memo: 'm'.repeat(256), msgs: [transfer(2n ** 128n - 1n)] }],
  ['three-of-two-kinds', alice, { nonce: 7n, memo: 'rent', msgs: [transfer(1n), ['TestEmpty', {}], transfer(2n, 'dave')] }],
  ['everything', key('erin'), { nonce: 1n, memo: 'naïve\u0001', msgs: [everything()] }],
  ['everything-empty', alice, { msgs: [everything(nothing)] }],
  ['sixty-four', alice, { nonce: 300n, msgs: Array.from({ length: 64 }, (_, i) => transfer(BigInt(i), 'to' + i)) }],
  ['mixed', key('frank'), { nonce: 2n, msgs: [['TestEmpty', {}], everything({ signed: 5n }), transfer(10n ** 20n)] }],
  ...Array.from({ length: 24 }, (_, i) => ['random-' + i, key('k' + i), {
    nonce: BigInt(i * i * 97), expiry: BigInt(i * 65521), fee: BigInt(i) ** 9n, gas: BigInt(i) ** 7n, memo: 'é'.repeat(i),
    msgs: Array.from({ length: 1 + i % 3 }, (_, j) => transfer(BigInt('0x' + crypto.createHash('sha256').update(`${i}.${j}`)
      .digest('hex').slice(0, 1 + (i * 5 + j) % 32)), `t${i}`))
  }])
]) console.log(await row(name, wallet, body))
