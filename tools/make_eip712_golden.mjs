// Writes tests/golden/crypto/eip712.jsonl and eip712_invalid.jsonl, and the corpus of typed_data_fuzz.
//
// Independent oracles: npm ethers 6.17.0 and viem 2.57.20, which must agree; where types refer to themselves, which
// ethers refuses, @metamask/eth-sig-util 8.2.0 and viem. Same output on every run.
// Usage: npm install ethers@6.17.0 viem@2.57.20 @metamask/eth-sig-util@8.2.0; node tools/make_eip712_golden.mjs (repository's root)
import crypto from 'node:crypto'
import fs from 'node:fs'
import { getAddress, TypedDataEncoder } from 'ethers'
import { hashDomain, hashStruct, hashTypedData } from 'viem'
import { SignTypedDataVersion, TypedDataUtils } from '@metamask/eth-sig-util'

const golden = 'tests/golden/crypto'
const corpus = 'tests/corpus/typed_data_fuzz'

// A reproducible stream of numbers.
let counter = 0
const randomBytes = (size) => {
  const parts = []
  for (let have = 0; have < size; have += 32) parts.push(crypto.createHash('sha256').update(`eip712 ${counter++}`).digest())
  return Buffer.concat(parts).subarray(0, size)
}
const below = (count) => Number(BigInt('0x' + randomBytes(6).toString('hex')) % BigInt(count))
const pick = (list) => list[below(list.length)]
const hex = (bytes) => '0x' + bytes.toString('hex')

const atoms = () => pick(['bool', 'address', 'string', 'bytes', `bytes${1 + below(32)}`, `uint${8 * (1 + below(32))}`,
  `int${8 * (1 + below(32))}`, 'uint256', 'bytes32', 'uint64'])

function writeInteger (number) { // as wallets get it: JSON number, decimal or hexadecimal text
  const magnitude = number < 0n ? -number : number
  if (magnitude < 2n ** 53n && below(2) === 0) return Number(number)
  if (below(2) === 0) return number.toString()
  return (number < 0n ? '-0x' : '0x') + magnitude.toString(16)
}

function randomInteger (bits, signed) {
  const edges = signed ? [0n, -1n, 2n ** BigInt(bits - 1) - 1n, -(2n ** BigInt(bits - 1))] : [0n, 1n, 2n ** BigInt(bits) - 1n]
  if (below(4) === 0) return pick(edges)
  const shift = BigInt(below(bits))
  const number = BigInt(hex(randomBytes(32))) % 2n ** BigInt(bits)
  return signed ? BigInt.asIntN(bits, number) >> shift : number >> shift
}

// A value as JSON has it, and as viem wants it.
function randomAtom (type) {
  const integer = /^(u?)int(\d+)$/.exec(type)
  if (integer) {
    const number = randomInteger(Number(integer[2]), integer[1] === '')
    return [writeInteger(number), number]
  }
  if (type === 'bool') return Array(2).fill(below(2) === 1)
  if (type === 'address') {
    const address = hex(randomBytes(20))
    return [below(2) === 1 ? getAddress(address) : address, address]
  }
  if (type === 'string') return Array(2).fill(pick(['', 'hello', 'ünï©ödé 漢字 🙂', 'a\u0000b"\\\n', 'x'.repeat(below(200))]))
  if (type === 'bytes') return Array(2).fill(hex(randomBytes(below(80))))
  return Array(2).fill(hex(randomBytes(Number(type.slice(5)))))
}

function randomValue (types, type) {
  const array = /^(.*)\[(\d*)\]$/.exec(type)
  if (array) {
    const count = array[2] === '' ? below(4) : Number(array[2])
    const items = Array.from({ length: count }, () => randomValue(types, array[1]))
    return [items.map((item) => item[0]), items.map((item) => item[1])]
  }
  if (!(type in types)) return randomAtom(type)
  const json = {}
  const forViem = {}
  for (const member of types[type]) [json[member.name], forViem[member.name]] = randomValue(types, member.type)
  return [json, forViem]
}

function randomTypes () {
  const names = ['Zeta', 'Alpha', 'Mail', '_Under$core', 'Person2', 'alpha', 'bytesLike'].slice(0, 1 + below(7))
  const types = {}
  names.forEach((name, index) => {
    types[name] = Array.from({ length: below(6) + (index === 0 ? 1 : 0) }, (_, member) => {
      const later = names.slice(index + 1)
      let type = later.length > 0 && below(3) === 0 ? pick(later) : atoms()
      while (below(4) === 0) type += pick(['[]', '[]', '[2]', '[1]', '[3]'])
      return { name: `m${member}`, type }
    })
  })
  // Every type must be reachable: ethers refuses two primary types.
  names.slice(1).forEach((name, index) => types[names[0]].push({ name: `link${index}`, type: name + pick(['', '[]']) }))
  return [types, names[0]]
}

const domainTypes = { name: 'string', version: 'string', chainId: 'uint256', verifyingContract: 'address', salt: 'bytes32' }
function randomDomain () {
  const json = {}
  const forViem = {}
  for (const [name, type] of Object.entries(domainTypes)) {
    if (below(2) === 1) [json[name], forViem[name]] = randomAtom(type)
  }
  return [json, forViem, Object.keys(json).map((name) => ({ name, type: domainTypes[name] }))]
}

function agree (what, ...values) {
  if (new Set(values).size !== 1) throw new Error(`${what}: oracles disagree: ${values}`)
  return values[0]
}

function answer (types, primaryType, [domain, domainViem, EIP712Domain], message, messageViem, declare) {
  const all = { EIP712Domain, ...types }
  const separator = agree('domain', TypedDataEncoder.hashDomain(domain), hashDomain({ domain: domainViem, types: all }))
  const struct = agree('struct', TypedDataEncoder.hashStruct(primaryType, types, message),
    hashStruct({ data: messageViem, primaryType, types: all }))
  const digest = agree('digest', TypedDataEncoder.hash(domain, types, message),
    hashTypedData({ domain: domainViem, types: all, primaryType, message: messageViem }))
  return { typed_data: { types: declare ? all : types, primaryType, domain, message }, domain_separator: separator, struct_hash: struct, digest }
}

function randomCase () {
  const [types, primaryType] = randomTypes()
  const [message, messageViem] = randomValue(types, primaryType)
  return answer(types, primaryType, randomDomain(), message, messageViem, below(2) === 1)
}

function recursiveCase (types, primaryType, message, viemCan) {
  const domain = { name: 'Recursive', chainId: 1 }
  const EIP712Domain = [{ name: 'name', type: 'string' }, { name: 'chainId', type: 'uint256' }]
  const all = { EIP712Domain, ...types }
  const data = { types: all, primaryType, domain, message }
  const v4 = SignTypedDataVersion.V4
  const digest = hex(Buffer.from(TypedDataUtils.eip712Hash(data, v4)))
  if (viemCan) agree('recursive', digest, hashTypedData(data))
  return { typed_data: data, domain_separator: hex(Buffer.from(TypedDataUtils.hashStruct('EIP712Domain', domain, all, v4))),
    struct_hash: hex(Buffer.from(TypedDataUtils.hashStruct(primaryType, message, all, v4))), digest }
}

function recursiveCases () {
  const person = { Person: [{ name: 'name', type: 'string' }, { name: 'mother', type: 'Person' }, { name: 'father', type: 'Person' }] }
  const node = { Node: [{ name: 'label', type: 'uint8' }, { name: 'children', type: 'Node[]' }] }
  const pair = { A: [{ name: 'b', type: 'B' }], B: [{ name: 'many', type: 'A[]' }, { name: 'x', type: 'bool' }] }
  return [
    recursiveCase(person, 'Person', { name: 'Jon', mother: { name: 'Lyanna', father: { name: 'Rickard' } }, father: { name: 'Rhaegar', father: { name: 'Aeris II' } } }, false),
    recursiveCase(person, 'Person', { name: 'Jon', mother: null, father: null }, false),
    recursiveCase(node, 'Node', { label: 1, children: [{ label: 2, children: [] }, { label: 3, children: [{ label: 4, children: [] }] }] }, true),
    recursiveCase(pair, 'A', { b: { many: [{ b: { many: [], x: true } }], x: false } }, true)
  ]
}

const mail = () => ({
  types: { Person: [{ name: 'name', type: 'string' }, { name: 'wallet', type: 'address' }], Mail: [{ name: 'from', type: 'Person' }, { name: 'to', type: 'Person' }, { name: 'contents', type: 'string' }] },
  primaryType: 'Mail',
  domain: { name: 'Ether Mail', version: '1', chainId: 1, verifyingContract: '0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC' },
  message: { from: { name: 'Cow', wallet: '0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826' }, to: { name: 'Bob', wallet: '0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB' }, contents: 'Hello, Bob!' }
})

function mailCase () {
  const { types, primaryType, domain, message } = mail()
  const EIP712Domain = Object.keys(domain).map((name) => ({ name, type: domainTypes[name] }))
  return answer(types, primaryType, [domain, domain, EIP712Domain], message, message, true)
}

const one = (type, value) => ({ types: { T: [{ name: 'x', type }] }, primaryType: 'T', domain: {}, message: { x: value } })
function invalidCases () {
  const change = (edit) => { const data = mail(); edit(data); return data }
  return {
    'uint8-over': one('uint8', 256), 'uint8-negative': one('uint8', -1), 'int8-over': one('int8', 128), 'int8-under': one('int8', '-129'),
    'uint256-over': one('uint256', '0x1' + '0'.repeat(64)), 'int256-over': one('int256', (2n ** 255n).toString()), 'int256-under': one('int256', (-(2n ** 255n) - 1n).toString()),
    'integer-text': one('uint8', 'ten'), 'integer-fraction': one('uint8', 1.5), 'integer-null': one('uint8', null),
    'bytes4-short': one('bytes4', '0x010203'), 'bytes4-long': one('bytes4', '0x0102030405'), 'bytes-odd': one('bytes', '0x123'), 'bytes-not-hex': one('bytes', '0xzz'), 'bytes-no-prefix': one('bytes', '1234'),
    'address-checksum': one('address', '0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD82f'), 'address-short': one('address', '0x1234'), 'address-number': one('address', 7),
    'array-length': one('uint8[2]', [1]), 'array-inner-length': one('uint8[2][]', [[1, 2], [3]]), 'array-not-list': one('uint8[]', 5), 'array-item': one('uint8[]', [1, 300]),
    'type-unknown': one('Nothing', {}), 'type-uint7': one('uint7', 1), 'type-uint264': one('uint264', 1), 'type-bytes33': one('bytes33', '0x'), 'type-bytes0': one('bytes0', '0x'), 'type-uint0': one('uint0', 0), 'type-uint08': one('uint08', 0),
    'member-missing': change((d) => { delete d.message.contents }), 'struct-missing': change((d) => { delete d.message.from }), 'nested-missing': change((d) => { delete d.message.to.wallet }),
    'primary-unknown': change((d) => { d.primaryType = 'Letter' }), 'domain-extra': change((d) => { d.domain.extra = 1 }), 'member-twice': change((d) => { d.types.Person.push({ name: 'name', type: 'string' }) })
  }
}

function ethersRefuses (data) {
  try {
    TypedDataEncoder.hash(data.domain, data.types, data.message)
    return data.primaryType === 'Letter' // ethers infers the primary type
  } catch { return true }
}

fs.mkdirSync(corpus, { recursive: true })
const cases = [mailCase(), ...recursiveCases(), ...Array.from({ length: 240 }, randomCase)]
cases.forEach((one, index) => {
  const text = JSON.stringify(one.typed_data)
  if (index < 5 || (index % 16 === 0 && text.length < 3000)) fs.writeFileSync(`${corpus}/valid_${String(index).padStart(3, '0')}`, text)
})
fs.writeFileSync(`${golden}/eip712.jsonl`, cases.map((one) => JSON.stringify(one) + '\n').join(''))
const invalid = Object.entries(invalidCases()).map(([name, data]) => {
  if (!ethersRefuses(data)) throw new Error(`ethers accepts ${name}`)
  fs.writeFileSync(`${corpus}/invalid_${name}`, JSON.stringify(data))
  return JSON.stringify({ name, typed_data: data }) + '\n'
})
fs.writeFileSync(`${golden}/eip712_invalid.jsonl`, invalid.join(''))
