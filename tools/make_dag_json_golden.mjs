// Writes tests/golden/codec/dag_json.tsv and the corpus of dag_json_fuzz: what the blocks of dag_cbor_valid.tsv read as.
//
// Independent oracle: npm @ipld/dag-json 11.0.1 and @ipld/dag-cbor 10.0.2. JavaScript has no floats that are whole
// numbers: blocks that it would not write back are left out.
// Usage: npm install @ipld/dag-json@11.0.1 @ipld/dag-cbor@10.0.2; node tools/make_dag_json_golden.mjs (repository's root)
import fs from 'node:fs'
import * as dagCbor from '@ipld/dag-cbor'
import * as dagJson from '@ipld/dag-json'

const golden = 'tests/golden/codec'
const corpus = 'tests/corpus/dag_json_fuzz'
fs.mkdirSync(corpus, { recursive: true })
const rows = ['# DAG-CBOR block (hex)\tDAG-JSON (its text in hex)']
let index = 0
for (const line of fs.readFileSync(`${golden}/dag_cbor_valid.tsv`, 'utf8').split('\n')) {
  if (line === '' || line.startsWith('#')) continue
  const block = Buffer.from(line.split('\t')[0], 'hex')
  const value = dagCbor.decode(block)
  if (!Buffer.from(dagCbor.encode(value)).equals(block)) continue
  const text = Buffer.from(dagJson.encode(value))
  rows.push(`${block.toString('hex')}\t${text.toString('hex')}`)
  if (index++ % 16 === 0 && text.length < 600) fs.writeFileSync(`${corpus}/valid_${String(index).padStart(3, '0')}`, text)
}
const odd = ['{"b":1, "a":[1.5e3,-0,-0.0, 1E-2]}', '{"/":{"bytes":"AQI"}}', '{"/":{"bytes":"AR"}}', '{"/":1,"a":2}', '{"/":"x"}', '[18446744073709551615,-18446744073709551616]',
  '18446744073709551616', '"\\ud83d\\ude00\\u0000"', '"\\ud83d"', '{"a":1,"a":2}', '[1,]', '{"+":1,"/":"x"}', '1e400', '01', 'nul']
odd.forEach((text, i) => fs.writeFileSync(`${corpus}/odd_${String(i).padStart(2, '0')}`, text))
fs.writeFileSync(`${golden}/dag_json.tsv`, rows.join('\n') + '\n')
