// Writes tests/golden/chain/ethereum_transactions.tsv and ethereum_refused.tsv: transactions signed by ethers 6.17.0.
//   npm install --prefix DIR ethers@6.17.0 && NODE_PATH=DIR/node_modules node tools/make_ethereum_transaction_golden.mjs
import { createRequire } from 'node:module';
import { writeFileSync } from 'node:fs';
const { Wallet, keccak256, toUtf8Bytes, getAddress } = createRequire(process.env.NODE_PATH + '/x.js')('ethers');

let counter = 0;
const draw = (below) => BigInt(keccak256(toUtf8Bytes(`ethereum golden ${counter++}`))) % BigInt(below);
const wallet = (i) => new Wallet(keccak256(toUtf8Bytes(`wallet ${i}`)));
const address = () => getAddress('0x' + keccak256(toUtf8Bytes(`to ${counter++}`)).slice(26));
const GWEI = 10n ** 9n;

const lines = ['# raw\tfrom\tto\tnonce\tgas\tfee (units)\tamount (units)\tchain'];
for (let i = 0; i < 90; i++) {
    const type = i % 3, signer = wallet(i % 7), to = address();
    const nonce = Number(draw(2n ** BigInt(1 + i % 40))), chainId = [1337n, 1n, 31337n, 2n ** 31n][i % 4];
    const gasLimit = 21000n + draw(100000), price = draw(50n * GWEI) + 1n;
    const units = draw(2n ** BigInt(1 + i));
    const base = { type, to, nonce, chainId, gasLimit, value: units * GWEI };
    const fees = type === 2 ? { maxFeePerGas: price, maxPriorityFeePerGas: draw(price) } : { gasPrice: price };
    const raw = await signer.signTransaction({ ...base, ...fees });
    lines.push([raw, signer.address, to, nonce, gasLimit, gasLimit * price / GWEI, units, chainId].join('\t'));
}
writeFileSync('tests/golden/chain/ethereum_transactions.tsv', lines.join('\n') + '\n');

const usual = { type: 2, to: address(), nonce: 1, chainId: 1337n, gasLimit: 21000n, value: GWEI, maxFeePerGas: GWEI, maxPriorityFeePerGas: 0n };
const refused = [
    [{ ...usual, to: null, data: '0x6000' }, 'creates a contract'],
    [{ ...usual, data: '0xa9059cbb' }, 'carries call data'],
    [{ ...usual, accessList: [{ address: address(), storageKeys: [] }] }, 'carries an access list'],
    [{ ...usual, value: GWEI + 1n }, 'no whole number of units'],
    [{ ...usual, value: 2n ** 128n }, 'value is 2^128 or more'],
    [{ ...usual, maxFeePerGas: 2n ** 127n, gasLimit: 2n ** 40n }, 'gas price is 2^128 or more'],
    [{ type: 0, to: usual.to, nonce: 0, gasLimit: 21000n, value: GWEI, gasPrice: GWEI, chainId: 0n }, 'EIP-155 is needed'],
];
const out = ['# raw\tpart of the error'];
for (const [tx, why] of refused) out.push(`${await wallet(0).signTransaction(tx)}\t${why}`);
writeFileSync('tests/golden/chain/ethereum_refused.tsv', out.join('\n') + '\n');
