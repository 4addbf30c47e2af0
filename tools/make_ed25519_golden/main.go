// Writes tests/golden/crypto/ed25519.tsv: keys, messages, signatures, and whether ZIP-215 accepts them.
//
// Independent oracle: github.com/hdevalence/ed25519consensus, which CometBFT verifies with. Same output on every run.
// Usage: cd tools/make_ed25519_golden && go run . ../../tests/golden/crypto/ed25519.tsv
package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"math/big"
	"os"

	"filippo.io/edwards25519"
	"github.com/hdevalence/ed25519consensus"
)

var out bytes.Buffer
var counts = map[bool]int{}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func emit(kind string, seed, key, message, signature []byte) {
	valid := ed25519consensus.Verify(key, message, signature)
	counts[valid]++
	field := func(data []byte) string {
		if len(data) == 0 {
			return "-"
		}
		return hex.EncodeToString(data)
	}
	fmt.Fprintf(&out, "%s\t%s\t%s\t%s\t%s\t%t\n", kind, field(seed), field(key), field(message), field(signature), valid)
}

func stream(label string, size int) []byte {
	var data []byte
	for i := 0; len(data) < size; i++ {
		sum := sha512.Sum512([]byte(fmt.Sprintf("%s %d", label, i)))
		data = append(data, sum[:]...)
	}
	return data[:size]
}

func unhex(text string) []byte {
	data, err := hex.DecodeString(text)
	check(err)
	return data
}

// Every encoding of a point whose order divides 8, canonical or not (ZIP-215's own list of 14 has these).
func smallOrder() [][]byte {
	p := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 255), big.NewInt(19))
	var found [][]byte
	eight := func(point *edwards25519.Point) bool {
		return new(edwards25519.Point).MultByCofactor(point).Equal(edwards25519.NewIdentityPoint()) == 1
	}
	try := func(y *big.Int) {
		for sign := byte(0); sign < 2; sign++ {
			encoded := make([]byte, 32)
			for i, b := range y.Bytes() {
				encoded[len(y.Bytes())-1-i] = b
			}
			encoded[31] |= sign << 7
			if point, err := new(edwards25519.Point).SetBytes(encoded); err == nil && eight(point) {
				found = append(found, encoded)
			}
		}
	}
	for i := int64(0); i < 2; i++ { // y = 0, 1 and the same plus p
		try(big.NewInt(i))
		try(new(big.Int).Add(p, big.NewInt(i)))
	}
	try(new(big.Int).Sub(p, big.NewInt(1)))
	order8 := unhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")
	reversed := make([]byte, 32)
	for i, b := range order8 {
		reversed[31-i] = b
	}
	y := new(big.Int).SetBytes(reversed)
	try(y)
	try(new(big.Int).Sub(p, y))
	return found
}

func scalar(wide []byte) *edwards25519.Scalar {
	value, err := edwards25519.NewScalar().SetUniformBytes(wide)
	check(err)
	return value
}

func challenge(r, a, message []byte) *edwards25519.Scalar {
	sum := sha512.Sum512(append(append(append([]byte{}, r...), a...), message...))
	return scalar(sum[:])
}

// A signature whose key and R carry points of small order: the cofactored equation holds, the plain one does not.
func withTorsion(index int, torsionA, torsionR, message []byte) {
	secret := scalar(stream(fmt.Sprintf("secret %d", index), 64))
	nonce := scalar(stream(fmt.Sprintf("nonce %d", index), 64))
	shifted := func(times *edwards25519.Scalar, torsion []byte) []byte {
		t, err := new(edwards25519.Point).SetBytes(torsion)
		check(err)
		return new(edwards25519.Point).Add(new(edwards25519.Point).ScalarBaseMult(times), t).Bytes()
	}
	a, r := shifted(secret, torsionA), shifted(nonce, torsionR)
	s := edwards25519.NewScalar().MultiplyAdd(challenge(r, a, message), secret, nonce)
	emit("torsion", nil, a, message, append(r, s.Bytes()...))
}

// y from 2^255 - 19 up to 2^255 - 1 in all encodings, with whatever point they name.
func nonCanonical(message []byte) {
	for low := 0xed; low <= 0xff; low++ {
		for _, top := range []byte{0x7f, 0xff} {
			encoded := bytes.Repeat([]byte{0xff}, 32)
			encoded[0], encoded[31] = byte(low), top
			emit("non-canonical key", nil, encoded, message, make([]byte, 64))
			key := ed25519.NewKeyFromSeed(stream("non-canonical R", 32))
			s := challenge(encoded, key.Public().(ed25519.PublicKey), message)
			hidden := sha512.Sum512(key.Seed())
			secret, err := edwards25519.NewScalar().SetBytesWithClamping(hidden[:32])
			check(err)
			s = edwards25519.NewScalar().Multiply(s, secret) // right where R is of small order
			emit("non-canonical R", nil, key.Public().(ed25519.PublicKey), message, append(append([]byte{}, encoded...), s.Bytes()...))
		}
	}
}

func addOrder(s []byte, times int) []byte {
	order, _ := new(big.Int).SetString("7237005577332262213973186563042994240857116359379907606001950938285454250989", 10)
	reversed := make([]byte, 32)
	for i, b := range s {
		reversed[31-i] = b
	}
	sum := new(big.Int).Add(new(big.Int).SetBytes(reversed), new(big.Int).Mul(order, big.NewInt(int64(times))))
	result := make([]byte, 32)
	for i, b := range sum.Bytes() {
		result[len(sum.Bytes())-1-i] = b
	}
	return result
}

func main() {
	fmt.Fprintln(&out, "# kind\tseed\tpublic key\tmessage\tsignature\tvalid by ZIP-215 (-: none or empty)")
	seeds := [][]byte{ // RFC 8032, section 7.1
		unhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"),
		unhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"),
		unhex("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7")}
	messages := [][]byte{{}, {0x72}, {0xaf, 0x82}}
	for i := 0; i < 60; i++ {
		seeds = append(seeds, stream(fmt.Sprintf("seed %d", i), 32))
		messages = append(messages, stream(fmt.Sprintf("message %d", i), i*7))
	}
	for i, seed := range seeds {
		key := ed25519.NewKeyFromSeed(seed)
		public := key.Public().(ed25519.PublicKey)
		signature := ed25519.Sign(key, messages[i])
		emit("signed", seed, public, messages[i], signature)
		changed := append([]byte{}, signature...)
		changed[i] ^= 1 << (i % 8)
		emit("changed signature", nil, public, messages[i], changed)
		emit("changed message", nil, public, append([]byte{1}, messages[i]...), signature)
		emit("s plus the order", nil, public, messages[i], append(append([]byte{}, signature[:32]...), addOrder(signature[32:], 1)...))
	}
	message := []byte("Zcash")
	small := smallOrder()
	for _, a := range small {
		for _, r := range small {
			emit("small order", nil, a, message, append(append([]byte{}, r...), make([]byte, 32)...))
		}
	}
	for i, a := range small {
		withTorsion(i, a, small[(i*5+3)%len(small)], stream(fmt.Sprintf("torsion %d", i), 20))
	}
	nonCanonical(message)
	signature := ed25519.Sign(ed25519.NewKeyFromSeed(seeds[0]), message)
	public := ed25519.NewKeyFromSeed(seeds[0]).Public().(ed25519.PublicKey)
	for i := 0; i < 40; i++ { // half of all numbers are no y of a point
		emit("random key", nil, stream(fmt.Sprintf("key %d", i), 32), message, signature)
		emit("random R", nil, public, message, append(stream(fmt.Sprintf("r %d", i), 32), signature[32:]...))
	}
	order := addOrder(make([]byte, 32), 1)
	emit("s is the order", nil, small[0], message, append(append([]byte{}, small[0]...), order...))
	emit("s is all ones", nil, small[0], message, append(append([]byte{}, small[0]...), bytes.Repeat([]byte{0xff}, 32)...))
	emit("short key", nil, public[:31], message, signature)
	emit("short signature", nil, public, message, signature[:63])
	emit("long signature", nil, public, message, append(signature, 0))
	check(os.WriteFile(os.Args[1], out.Bytes(), 0o644))
	fmt.Println("small order encodings:", len(small), "accepted:", counts[true], "refused:", counts[false])
}
