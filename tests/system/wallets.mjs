// viem and ethers against the node's Ethereum JSON-RPC and against its own transactions: `node wallets.mjs URL FUNDED_PRIVATE_KEY`.
// Nothing here is told that the chain is not Ethereum.
import assert from "node:assert/strict";
import * as ethers from "ethers";
import { createPublicClient, createWalletClient, defineChain, http, parseEther } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";

const [, , url, fundedKey] = process.argv;
const NATIVE = "0x00000000000000000000000000000000000a55a1";
const WEI = 1_000_000_000n; // a unit of the native coin is 10^9 wei

async function get(path) {
  return (await fetch(url + path)).json();
}
async function post(path, body) {
  const response = await fetch(url + path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  return { status: response.status, ...(await response.json()) };
}
async function rpc(method, params = []) {
  return post("/eth", { jsonrpc: "2.0", id: 7, method, params });
}

const provider = new ethers.JsonRpcProvider(url + "/eth", undefined, { pollingInterval: 100 });
const chainId = Number((await provider.getNetwork()).chainId);
assert.equal(chainId, (await get("/chain/status")).evm_chain_id);
const chain = defineChain({ id: chainId, name: "Assay", nativeCurrency: { name: "Assay", symbol: "ASSAY", decimals: 18 }, rpcUrls: { default: { http: [url + "/eth"] } } });
const transport = http(url + "/eth");
const publicClient = createPublicClient({ chain, transport, pollingInterval: 100 });
const funded = privateKeyToAccount(fundedKey);
const walletClient = createWalletClient({ account: funded, chain, transport });

async function viemReadsAndSends() {
  assert.equal(await publicClient.getChainId(), chainId);
  const to = privateKeyToAccount(generatePrivateKey()).address;
  const before = { balance: await publicClient.getBalance({ address: funded.address }), nonce: await publicClient.getTransactionCount({ address: funded.address }) };
  assert.equal(await publicClient.getBalance({ address: to }), 0n);
  const hash = await walletClient.sendTransaction({ to, value: parseEther("1.5") });
  const receipt = await publicClient.waitForTransactionReceipt({ hash, timeout: 20_000 });
  assert.equal(receipt.status, "success");
  assert.equal(receipt.transactionHash, hash);
  assert.equal(receipt.from.toLowerCase(), funded.address.toLowerCase());
  assert.equal(receipt.to.toLowerCase(), to.toLowerCase());
  assert.equal(await publicClient.getBalance({ address: to }), parseEther("1.5"));
  assert.equal(await publicClient.getTransactionCount({ address: funded.address }), before.nonce + 1);
  const paid = before.balance - parseEther("1.5") - (await publicClient.getBalance({ address: funded.address }));
  assert.equal(paid % WEI, 0n);
  assert.ok(paid > 0n && receipt.gasUsed > 0n);

  const transaction = await publicClient.getTransaction({ hash });
  assert.equal(transaction.value, parseEther("1.5"));
  assert.equal(transaction.blockNumber, receipt.blockNumber);
  assert.equal(transaction.nonce, before.nonce);
  const block = await publicClient.getBlock({ blockNumber: receipt.blockNumber });
  assert.equal(block.hash, receipt.blockHash);
  assert.deepEqual(block.transactions, [hash]);
  const whole = await publicClient.getBlock({ blockHash: block.hash, includeTransactions: true });
  assert.equal(whole.transactions[0].hash, hash);
  const parent = await publicClient.getBlock({ blockNumber: receipt.blockNumber - 1n });
  assert.equal(parent.hash, block.parentHash);
  assert.ok((await publicClient.getBlockNumber()) >= receipt.blockNumber);
  assert.equal(await publicClient.getBalance({ address: to, blockNumber: receipt.blockNumber - 1n }), 0n);
  assert.equal(await publicClient.getCode({ address: to }), undefined);
  await assert.rejects(publicClient.getTransactionReceipt({ hash: "0x" + "12".repeat(32) }), { name: "TransactionReceiptNotFoundError" });

  // Two at once: the second counts the first, which may still wait.
  const hashes = [];
  for (const value of [1n, 2n]) hashes.push(await walletClient.sendTransaction({ to, value: value * WEI }));
  for (const each of hashes) assert.equal((await publicClient.waitForTransactionReceipt({ hash: each, timeout: 20_000 })).status, "success");
  const legacy = await walletClient.sendTransaction({ to, value: WEI, type: "legacy" });
  assert.equal((await publicClient.waitForTransactionReceipt({ hash: legacy, timeout: 20_000 })).status, "success");
  const history = await publicClient.getFeeHistory({ blockCount: 3, rewardPercentiles: [25, 75] });
  assert.equal(history.baseFeePerGas.length, history.gasUsedRatio.length + 1);
  assert.equal(history.reward[0].length, 2);
}

async function ethersReadsAndSends() {
  const wallet = new ethers.Wallet(fundedKey, provider);
  const to = ethers.Wallet.createRandom().address;
  const nonce = await wallet.getNonce();
  const before = await provider.getBalance(wallet.address);
  const sent = await wallet.sendTransaction({ to, value: ethers.parseEther("0.25") });
  const receipt = await sent.wait(1, 20_000);
  assert.equal(receipt.status, 1);
  assert.equal(receipt.hash, sent.hash);
  await new Promise((resolve) => setTimeout(resolve, 300)); // ethers keeps answers for 250 ms, the nonce among them
  assert.equal(await provider.getBalance(to), ethers.parseEther("0.25"));
  assert.equal(await wallet.getNonce(), nonce + 1);
  assert.ok((await provider.getBalance(wallet.address)) < before - ethers.parseEther("0.25"));
  const block = await provider.getBlock(receipt.blockNumber, true);
  assert.equal(block.prefetchedTransactions[0].hash, sent.hash);
  const shown = await provider.getTransaction(sent.hash);
  assert.equal(shown.value, ethers.parseEther("0.25"));
  assert.equal(shown.from, wallet.address);
  const several = [];
  const manager = new ethers.NonceManager(wallet);
  for (let i = 1n; i <= 3n; ++i) several.push(await manager.sendTransaction({ to, value: i * WEI }));
  for (const each of several) assert.equal((await each.wait(1, 20_000)).status, 1);
  await assert.rejects(wallet.sendTransaction({ to, value: 1n, gasLimit: 90_000n }), /no whole number of units/);
  await assert.rejects(wallet.sendTransaction({ to, data: "0x1234", gasLimit: 90_000n }), /data/);
  const poor = ethers.Wallet.createRandom().connect(provider);
  await assert.rejects(poor.sendTransaction({ to, value: WEI }), /fee|funds/);
  await assert.rejects(provider.broadcastTransaction("0x02f8"), /transaction/);
}

async function otherMethodsDoNotExist() {
  for (const method of ["eth_mining", "eth_sign", "eth_sendTransaction", "debug_traceTransaction", "eth_newFilter", "evm_mine", ""]) {
    const answer = await rpc(method);
    assert.equal(answer.error.code, -32601, method);
  }
  for (const params of [[], ["0x12"], [7], ["0x" + "11".repeat(20), "yesterday"], {}]) assert.equal((await rpc("eth_getBalance", params)).error.code, -32602, JSON.stringify(params));
  for (const params of [[], ["zz"], [7]]) assert.equal((await rpc("eth_getTransactionByHash", params)).error.code, -32602);
  for (const params of [[], ["0x"], ["0xzz"], [null]]) assert.equal((await rpc("eth_sendRawTransaction", params)).error.code, -32602);
}

// The chain's own transactions, as both libraries sign the document that the node prepares.
async function ownTransactions() {
  const signers = [
    ["viem", (document) => funded.signTypedData(document)],
    ["ethers", ({ domain, types: { EIP712Domain: _, ...types }, message }) => new ethers.Wallet(fundedKey).signTypedData(domain, types, message)],
  ];
  for (const [library, sign] of signers) {
    const to = privateKeyToAccount(generatePrivateKey()).address;
    const token = NATIVE;
    const messages = [
      { "@": "bank/transfer", to, token, amount: "70" },
      { "@": "bank/issue_token", name: "Coin of " + library, symbol: "COIN", decimals: 2, supply: "1000", mint_authority: funded.address, uri: "" },
    ];
    const prepared = await post("/chain/prepare", { from: funded.address, msgs: messages, memo: library });
    assert.equal(prepared.status, 200, JSON.stringify(prepared));
    const signature = await sign(prepared.typed_data);
    const done = await post("/chain/transactions?wait=commit", { body: prepared.body, signature });
    assert.equal(done.status, 200, JSON.stringify(done));
    assert.equal(done.code, 0);
    assert.equal((await get("/chain/query/bank/balance?address=" + to)).value.balance, "70");
    const again = await post("/chain/transactions?wait=commit", { body: prepared.body, signature });
    assert.equal(again.status, 400);
    assert.equal(again.error.code, "bad_nonce");
    assert.match(again.error.message, /replayed/);
  }
}

// EIP-3009: the holder signs with viem, knows nothing of this chain, and another account submits and pays for it.
async function authorisedTransfer() {
  const holder = privateKeyToAccount(generatePrivateKey());
  const to = privateKeyToAccount(generatePrivateKey()).address;
  const funding = await walletClient.sendTransaction({ to: holder.address, value: 500n * WEI });
  await publicClient.waitForTransactionReceipt({ hash: funding, timeout: 20_000 });
  const { value: domain } = await get("/chain/query/bank/domain");
  const types = {
    TransferWithAuthorization: [
      { name: "from", type: "address" },
      { name: "to", type: "address" },
      { name: "value", type: "uint256" },
      { name: "validAfter", type: "uint256" },
      { name: "validBefore", type: "uint256" },
      { name: "nonce", type: "bytes32" },
    ],
  };
  const word = (number) => "0x" + number.toString(16).padStart(64, "0");
  const now = BigInt(Math.floor(Date.now() / 1000));
  async function pay(value, { validAfter = now - 600n, validBefore = now + 600n, nonce = generatePrivateKey(), tamper = (message) => message } = {}) {
    const signature = await holder.signTypedData({
      domain: { name: domain.name, version: domain.version, chainId: BigInt(domain.chain_id ?? domain.chainId), verifyingContract: domain.verifying_contract ?? domain.verifyingContract },
      types,
      primaryType: "TransferWithAuthorization",
      message: { from: holder.address, to, value, validAfter, validBefore, nonce },
    });
    const message = { "@": "bank/transfer_with_authorization", token: NATIVE, from: holder.address, to, value: String(value), valid_after: word(validAfter), valid_before: word(validBefore), nonce, signature };
    const prepared = await post("/chain/prepare", { from: funded.address, msgs: [tamper(message)] });
    assert.equal(prepared.status, 200, JSON.stringify(prepared));
    return post("/chain/transactions?wait=commit", { body: prepared.body, signature: await funded.signTypedData(prepared.typed_data) });
  }
  const balance = async (address) => (await get("/chain/query/bank/balance?address=" + address)).value.balance;
  const nonce = generatePrivateKey();
  const paid = await pay(123n, { nonce });
  assert.equal(paid.code, 0, JSON.stringify(paid));
  assert.equal(await balance(to), "123");
  assert.equal(await balance(holder.address), "377"); // the relaying account paid the fee
  for (const [options, why] of [
    [{ nonce }, /used/],
    [{ validBefore: now - 1n }, /expired/],
    [{ validAfter: now + 600n }, /not yet valid/],
    [{ tamper: (message) => ({ ...message, value: "124" }) }, /signature/],
  ]) {
    const refused = await pay(123n, options);
    assert.equal(refused.code_name, "message_failed");
    assert.match(refused.log, why);
  }
  assert.equal((await pay(10_000n)).code_name, "message_failed");
  assert.equal(await balance(to), "123");
}

for (const test of [viemReadsAndSends, ethersReadsAndSends, otherMethodsDoNotExist, ownTransactions, authorisedTransfer]) {
  try {
    await test();
  } catch (error) {
    console.error(test.name + ": " + (error.stack ?? error));
    process.exitCode = 1;
  }
}
provider.destroy();
if (!process.exitCode) console.log("ok");
