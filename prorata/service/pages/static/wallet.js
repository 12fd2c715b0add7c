// SPDX-License-Identifier: MIT
// What a page does with a wallet: find it, sign in, show what is to be signed, check it, send it.
//
// It trusts what the page was served with, the deployment's contracts and functions, and nothing
// that comes later: what the server prepares is decoded here, and refused where it calls a contract
// or a function that the deployment does not name, or tells of an address that nobody has typed in.
"use strict";

(() => {
  const page = JSON.parse(document.getElementById("deployment")?.textContent ?? "null");
  const status = document.querySelector("[data-status]");
  const wallets = new Map();

  class Refusal extends Error {}

  const refuse = (sentence) => {
    throw new Refusal(sentence);
  };

  const tell = (sentence, isError = false) => {
    if (!status) return;
    status.textContent = sentence;
    status.classList.toggle("error", isError);
    if (isError) status.focus();
  };

  // ------------------------------------------------------------------------------- small things

  const element = (tag, text, ...children) => {
    const made = document.createElement(tag);
    if (text) made.textContent = text;
    made.append(...children);
    return made;
  };

  const same = (one, other) => String(one).toLowerCase() === String(other).toLowerCase();

  const hexOf = (text) =>
    "0x" + Array.from(new TextEncoder().encode(text), (b) => b.toString(16).padStart(2, "0")).join("");

  const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

  const ask = async (address, body) => {
    const headers = { Accept: "application/json" };
    if (!(body instanceof URLSearchParams)) {
      headers["Content-Type"] = "application/json";
      body = JSON.stringify(body);
    }
    const answer = await fetch(address, { method: "POST", headers, body, redirect: "error" });
    const told = await answer.json().catch(() => ({}));
    if (answer.ok) return told;
    const remedy = told.remedy ? `; ${told.remedy}` : "";
    return refuse((told.detail ?? `the server answered ${answer.status}`) + (told.detail?.includes(remedy) ? "" : remedy));
  };

  // -------------------------------------------------------------------------------- the wallets

  const found = (info, provider) => {
    if (!info?.uuid || wallets.has(info.uuid)) return;
    wallets.set(info.uuid, { name: String(info.name).slice(0, 60), icon: String(info.icon ?? ""), provider });
    for (const place of document.querySelectorAll("[data-wallets]")) list(place);
  };

  const list = (place) => {
    place.replaceChildren(
      ...[...wallets.values()].map((wallet) => {
        const button = element("button", `Sign in with ${wallet.name}`);
        button.type = "button";
        if (wallet.icon.startsWith("data:image/")) {
          const image = element("img");
          Object.assign(image, { src: wallet.icon, alt: "", width: 20, height: 20 });
          button.prepend(image);
        }
        button.addEventListener("click", () => guarded(button, () => signIn(wallet)));
        return button;
      }),
    );
    document.querySelector("[data-no-wallet]")?.toggleAttribute("hidden", wallets.size > 0);
  };

  // EIP-6963, and for older wallets the one object of EIP-1193.
  window.addEventListener("eip6963:announceProvider", (event) => found(event.detail?.info, event.detail?.provider));
  window.dispatchEvent(new Event("eip6963:requestProvider"));
  setTimeout(() => {
    if (wallets.size === 0 && window.ethereum) found({ uuid: "injected", name: "your wallet" }, window.ethereum);
  }, 200);

  const onChain = async (provider, chainId) => {
    const wanted = "0x" + chainId.toString(16);
    const now = async () => Number(await provider.request({ method: "eth_chainId" }));
    if ((await now()) === chainId) return;
    try {
      await provider.request({ method: "wallet_switchEthereumChain", params: [{ chainId: wanted }] });
    } catch {
      // Not every wallet can; whether it did is asked next.
    }
    const at = await now();
    if (at !== chainId) refuse(`your wallet is on chain ${at}, and this is on chain ${chainId}; choose that in your wallet`);
  };

  const accountOf = async (provider) => {
    const [account] = await provider.request({ method: "eth_requestAccounts" });
    return account ?? refuse("your wallet shows no account; unlock it and try again");
  };

  // The wallet that has the page's account, without asking anybody where that is possible.
  const walletOf = async (account) => {
    for (const { provider } of wallets.values()) {
      const known = await provider.request({ method: "eth_accounts" }).catch(() => []);
      if (known.some((one) => same(one, account))) return provider;
    }
    for (const { provider } of wallets.values()) {
      if (same(await accountOf(provider), account)) return provider;
    }
    return refuse(`no wallet here has the account ${account}, which is signed in; choose it in your wallet`);
  };

  // A person who says no is no fault; any other error is told as it is.
  const guarded = async (button, action) => {
    if (button) button.disabled = true;
    try {
      await action();
    } catch (error) {
      const rejected = error?.code === 4001;
      tell(rejected ? "You refused it in your wallet; nothing was signed." : `Not done: ${error?.message ?? error}.`, true);
    } finally {
      if (button) button.disabled = false;
    }
  };

  // -------------------------------------------------------------------------------- the sign-in

  const signIn = async ({ provider }) => {
    tell("Look at your wallet.");
    const account = await accountOf(provider);
    const place = document.querySelector("[data-wallets]");
    await onChain(provider, Number(place.dataset.chain));
    const { message } = await ask("/sign-in/message", { address: account });
    const [opening, named] = message.split("\n");
    if (opening !== `${location.host} wants you to sign in with your Ethereum account:` || !same(named, account)) {
      refuse("the message to sign is not for this page and your account");
    }
    const signature = await provider.request({ method: "personal_sign", params: [hexOf(message), account] });
    await ask("/sign-in", { message, signature });
    location.assign("/me");
  };

  // -------------------------------------------------------------------------------- the decoder

  const WORD = 64;

  const isDynamic = ({ type, components }) =>
    type === "bytes" || type === "string" || type.endsWith("[]") ||
    (type.endsWith("]") && isDynamic(inner({ type, components }))) ||
    (type === "tuple" && components.some(isDynamic));

  const inner = ({ type, components }) => ({ type: type.slice(0, type.lastIndexOf("[")), components });

  const fixedLength = (type) => Number(type.slice(type.lastIndexOf("[") + 1, -1));

  const sizeOf = (input) => {
    if (isDynamic(input)) return WORD;
    if (input.type.endsWith("]")) return fixedLength(input.type) * sizeOf(inner(input));
    if (input.type === "tuple") return input.components.reduce((sum, one) => sum + sizeOf(one), 0);
    return WORD;
  };

  const slice = (data, at, length) =>
    at + length <= data.length ? data.slice(at, at + length) : refuse("the call's arguments are cut off");

  const numberAt = (data, at) => BigInt("0x" + slice(data, at, WORD));

  const placeAt = (data, at) => {
    const value = numberAt(data, at);
    return value <= BigInt(data.length) ? Number(value) : refuse("the call's arguments are malformed");
  };

  // `data` is hexadecimal without 0x; offsets count from `base`.
  const decodeAll = (inputs, data, base) => {
    let at = base;
    return inputs.map((input) => {
      const here = at;
      at += sizeOf(input);
      return decode(input, data, isDynamic(input) ? base + 2 * placeAt(data, here) : here);
    });
  };

  const decode = (input, data, at) => {
    const { type, components } = input;
    if (type.endsWith("]")) {
      const open = type.endsWith("[]");
      const length = open ? placeAt(data, at) : fixedLength(type);
      if (length > 1000) refuse("the call has a list of more than 1,000");
      return decodeAll(Array(length).fill(inner(input)), data, at + (open ? WORD : 0));
    }
    if (type === "tuple") return decodeAll(components, data, at);
    if (type === "bytes" || type === "string") {
      const raw = slice(data, at + WORD, 2 * placeAt(data, at));
      return type === "bytes" ? "0x" + raw : new TextDecoder().decode(Uint8Array.from(raw.match(/../g) ?? [], (b) => parseInt(b, 16)));
    }
    return decodeWord(type, slice(data, at, WORD));
  };

  const decodeWord = (type, word) => {
    const value = BigInt("0x" + word);
    const bits = Number(type.match(/\d+$/)?.[0] ?? 256);
    if (type === "address") return value >> 160n ? refuse("an address has more than 20 bytes") : "0x" + word.slice(24);
    if (type === "bool") return value < 2n ? value === 1n : refuse("a yes or no is neither");
    if (type.startsWith("uint")) return value >> BigInt(bits) ? refuse(`a number does not fit ${type}`) : value;
    if (type.startsWith("int")) return BigInt.asIntN(bits, value);
    if (/^bytes\d+$/.test(type)) return "0x" + word.slice(0, 2 * bits);
    return refuse(`the type ${type} is not known here`);
  };

  // ---------------------------------------------------------------------------------- the checks

  const named = (address) => page.contracts[Object.keys(page.contracts).find((one) => same(one, address))];

  const addressesIn = (value, input) => {
    if (input.type.endsWith("]")) return value.flatMap((one) => addressesIn(one, inner(input)));
    if (input.type === "tuple") return input.components.flatMap((one, i) => addressesIn(value[i], one));
    return input.type === "address" ? [value] : [];
  };

  // Each address must be the account's, a contract's of the deployment, a party's of an offering
  // that came with the page, or typed in by the person.
  const checkAddresses = (addresses, account, typed) => {
    const own = [account, ...page.own, ...page.parties];
    for (const one of addresses) {
      const known = BigInt(one) === 0n || own.some((mine) => same(mine, one)) || named(one) || typed.includes(one.toLowerCase());
      if (!known) refuse(`the server names ${one}, which is neither yours, nor of the deployment, nor typed in by you`);
    }
  };

  const checked = (transaction, account, typed) => {
    const { to, data, value } = transaction;
    if (!/^0x([0-9a-f]{2})*$/.test(data)) refuse("the call is not hexadecimal");
    const contract = named(to) ?? refuse(`the server would have you call ${to}, which the deployment does not name`);
    const call = contract.functions[data.slice(0, 10)] ?? refuse(`the server would have you call a function of ${contract.name} that this page does not know`);
    if (BigInt(value) !== 0n && !call.payable) refuse(`the server would have you send money to ${call.name}, which takes none`);
    const values = decodeAll(call.inputs, data.slice(10), 0);
    checkAddresses(call.inputs.flatMap((input, i) => addressesIn(values[i], input)), account, typed);
    return { transaction, contract, call, values };
  };

  // An approval is for what the next call takes, or is what the form is about; never for all.
  const checkApprovals = (steps, prepared, action) => {
    steps.forEach(({ transaction, call, values }, i) => {
      if (call.name !== "approve") return;
      const amount = values[1];
      const next = steps[i + 1];
      const spent = prepared.balance_changes.some(
        (one) => same(one.account, prepared.account) && same(one.change.address, transaction.to) && BigInt(one.change.units) === -amount,
      );
      const said = next?.call.inputs.findIndex((input) => input.name === "amount") ?? -1;
      const taken = next && same(values[0], next.transaction.to) && (said < 0 ? spent : next.values[said] === amount);
      const asked = action === "approve" && steps.length === 1 && amount < 1n << 128n;
      if (!taken && !asked) refuse("the server asks for an approval of more than the next call takes");
    });
  };

  // As text that does not depend on the order in which an object's names came.
  const plain = (value) => JSON.stringify(value, (_, one) => (one && typeof one === "object" && !Array.isArray(one) ? Object.fromEntries(Object.entries(one).sort()) : one));

  // Of a message, domain and fields must be those that came with the page: only values are new.
  const checkMessage = ({ domain, primaryType, message, types }, account, typed) => {
    const listed = page.messages.find((one) => one.primaryType === primaryType && same(one.contract, domain?.verifyingContract));
    const wanted = listed && { name: listed.name, version: listed.version, chainId: page.chainId, verifyingContract: domain.verifyingContract };
    if (!listed || plain(domain) !== plain(wanted) || plain(types) !== plain(listed.types)) {
      refuse(`the server would have you sign ${primaryType} for ${domain?.name}, which the deployment does not name`);
    }
    const fields = listed.types[primaryType];
    if (plain(fields.map((one) => one.name).sort()) !== plain(Object.keys(message).sort())) refuse("the message has other fields than its type");
    checkAddresses(fields.filter((one) => one.type === "address").map((one) => message[one.name]), account, typed);
  };

  // ---------------------------------------------------------------------------------- the showing

  const shown = (value) => (Array.isArray(value) ? value.map(shown).join(", ") || "none" : typeof value === "object" ? JSON.stringify(value) : String(value));

  const table = (rows) =>
    element("table", "", element("tbody", "", ...rows.map(([name, value]) => {
      const head = element("th", name);
      head.scope = "row";
      return element("tr", "", head, element("td", shown(value)));
    })));

  const show = (place, prepared, steps, button) => {
    const heading = element("h2", "What you are about to sign");
    heading.tabIndex = -1;
    const parts = steps.map(({ transaction, contract, call, values }) =>
      element("li", transaction.says, element("p", `${contract.name}.${call.name}, at ${transaction.to}`),
        table([...call.inputs.map((input, i) => [input.name || input.type, values[i]]), ...(BigInt(transaction.value) ? [["money sent, wei", transaction.value]] : [])])));
    if (prepared.typed_data) {
      const { domain, primaryType, message } = prepared.typed_data;
      parts.push(element("li", `${primaryType} for ${domain.name}, at ${domain.verifyingContract}`, table(Object.entries(message))));
    }
    const changes = prepared.balance_changes.map((one) => [one.account, `${one.change.text}${one.change.text.endsWith(one.change.currency) ? "" : " " + one.change.currency}`]);
    place.replaceChildren(heading, element("ol", "", ...parts));
    if (changes.length) place.append(element("h3", "What would change, as the server has tried it"), table(changes));
    for (const note of prepared.notes) place.append(element("p", note));
    place.append(button);
    place.hidden = false;
    heading.focus();
  };

  // --------------------------------------------------------------------------------- the sending

  const mined = async (provider, hash) => {
    for (let waited = 0; waited < 600; waited++) {
      const receipt = await provider.request({ method: "eth_getTransactionReceipt", params: [hash] });
      if (receipt) return receipt.status === "0x1" ? receipt : refuse(`the transaction ${hash} was mined and refused`);
      await pause(waited < 20 ? 250 : 2000);
    }
    return refuse(`the transaction ${hash} is not mined after a long while; look at it in your wallet`);
  };

  const send = async (provider, steps, account) => {
    for (const [i, { transaction }] of steps.entries()) {
      tell(`Look at your wallet: ${i + 1} of ${steps.length}.`);
      await onChain(provider, page.chainId);
      const { to, data } = transaction;
      const body = { from: account, to, data, value: "0x" + BigInt(transaction.value).toString(16), gas: "0x" + BigInt(transaction.gas).toString(16) };
      const hash = await provider.request({ method: "eth_sendTransaction", params: [body] });
      tell(`Sent, and waiting until it is mined: ${hash}`);
      await mined(provider, hash);
    }
    tell("Done. The page shows it as soon as the ledger has read it.");
    await pause(400);
    location.assign(page.next);
  };

  const sign = async (provider, typed, account, place) => {
    await onChain(provider, page.chainId);
    const signature = await provider.request({ method: "eth_signTypedData_v4", params: [account, JSON.stringify(typed)] });
    const box = element("textarea");
    Object.assign(box, { readOnly: true, rows: 8, value: JSON.stringify({ typed_data: typed, signature }, null, 1) });
    box.setAttribute("aria-label", "The signed message");
    place.append(element("p", "Signed. Give this to whoever is to bring it:"), box);
    tell("Signed. Nothing was sent.");
  };

  const prepare = async (form) => {
    const action = form.dataset.prepare;
    const fields = new URLSearchParams(new FormData(form));
    // Only what a person can type: a hidden field, or one that came with the page, counts for nothing.
    const typing = [...form.querySelectorAll("input[type=text], textarea")].filter((one) => one.value !== one.defaultValue);
    const typed = typing.flatMap((one) => one.value.toLowerCase().match(/0x[0-9a-f]{40}\b/g) ?? []);
    const account = page.account;
    tell("Asking what is to be signed.");
    const prepared = await ask(form.getAttribute("action"), fields);
    const place = document.querySelector("[data-result]");
    if (prepared.done) return tell("There is nothing to sign: it is so already.");
    if (prepared.chain_id !== page.chainId || !same(prepared.account, account)) refuse("the server has prepared it for another account or chain");
    if (prepared.typed_data) checkMessage(prepared.typed_data, account, typed);
    const steps = prepared.transactions.map((one) => checked(one, account, typed));
    checkApprovals(steps, prepared, action);
    const button = element("button", "Sign in your wallet");
    button.type = "button";
    button.addEventListener("click", () =>
      guarded(button, async () => {
        const provider = await walletOf(account);
        if (steps.length) await send(provider, steps, account);
        if (prepared.typed_data) await sign(provider, prepared.typed_data, account, place);
      }),
    );
    show(place, prepared, steps, button);
    tell("Read it, then sign it.");
  };

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("form[data-prepare]") || !page || event.submitter?.name === "safe") return;
    event.preventDefault();
    document.querySelector("[data-result]")?.replaceChildren();
    guarded(event.submitter, () => prepare(form));
  });
})();
