// Blocks of embedded consensus as CometBFT's own types make them: header, hash, commit, JSON.
//
//	cd tools/make_embedded_golden && go run . > ../../tests/golden/consensus/embedded_blocks.json
//
// Each block is checked by CometBFT's VerifyCommitLight, and from the second on by its light client's VerifyAdjacent.
package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/cometbft/cometbft/crypto/ed25519"
	"github.com/cometbft/cometbft/crypto/merkle"
	cmtjson "github.com/cometbft/cometbft/libs/json"
	"github.com/cometbft/cometbft/light"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	cmtversion "github.com/cometbft/cometbft/proto/tendermint/version"
	"github.com/cometbft/cometbft/types"

	goed25519 "crypto/ed25519"
)

const chainID = "assay-local"

type golden struct {
	Seed         string          `json:"seed"`
	AppVersion   uint64          `json:"app_version"`
	Height       int64           `json:"height"`
	TimeMs       int64           `json:"time_ms"`
	AppHash      string          `json:"app_hash"`
	BytesMax     int64           `json:"block_bytes_max"`
	Transactions []string        `json:"transactions"`
	Hash         string          `json:"hash"`
	CommitHash   string          `json:"commit_hash"`
	SignBytes    string          `json:"sign_bytes"`
	LightBlock   json.RawMessage `json:"light_block"`
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// The one part of a block that does not travel in parts: its header's hash.
func idOf(hash []byte) types.BlockID {
	root := merkle.HashFromByteSlices([][]byte{hash})
	return types.BlockID{Hash: hash, PartSetHeader: types.PartSetHeader{Total: 1, Hash: root}}
}

func main() {
	seed := sha256.Sum256([]byte("embedded golden"))
	key := ed25519.PrivKey(goed25519.NewKeyFromSeed(seed[:]))
	set := types.NewValidatorSet([]*types.Validator{types.NewValidator(key.PubKey(), 1)})
	var out []golden
	var before *types.SignedHeader
	times := []int64{1764038400000, 1764038400001, 1764038461120, 1764124799999}
	for i, at := range times {
		height := int64(41 + i)
		bytesMax := int64(8 << 20)
		var txs types.Txs
		var texts []string
		for n := 0; n < 5*i; n++ {
			tx := make([]byte, 1+37*n)
			for k := range tx {
				tx[k] = byte(k*n + i)
			}
			txs = append(txs, tx)
			texts = append(texts, hex.EncodeToString(tx))
		}
		appHash := sha256.Sum256([]byte{byte(i)})
		params := types.DefaultConsensusParams()
		params.Block.MaxBytes = bytesMax
		params.Block.MaxGas = -1
		version := uint64(1 + i/3)
		header := &types.Header{
			Version:            cmtversion.Consensus{Block: 11, App: version},
			ChainID:            chainID,
			Height:             height,
			Time:               time.UnixMilli(at).UTC(),
			LastCommitHash:     (&types.Commit{}).Hash(),
			DataHash:           txs.Hash(),
			ValidatorsHash:     set.Hash(),
			NextValidatorsHash: set.Hash(),
			ConsensusHash:      params.Hash(),
			AppHash:            appHash[:],
			EvidenceHash:       types.EvidenceList(nil).Hash(),
			ProposerAddress:    key.PubKey().Address(),
		}
		if before != nil {
			header.LastBlockID = idOf(before.Header.Hash())
			header.LastCommitHash = before.Commit.Hash()
		}
		check(header.ValidateBasic())
		id := idOf(header.Hash())
		vote := &types.Vote{
			Type: cmtproto.PrecommitType, Height: height, Round: 0, BlockID: id, Timestamp: header.Time,
			ValidatorAddress: key.PubKey().Address(), ValidatorIndex: 0,
		}
		message := types.VoteSignBytes(chainID, vote.ToProto())
		signature, err := key.Sign(message)
		check(err)
		vote.Signature = signature
		commit := &types.Commit{Height: height, Round: 0, BlockID: id, Signatures: []types.CommitSig{vote.CommitSig()}}
		check(commit.ValidateBasic())
		check(set.VerifyCommitLight(chainID, id, height, commit))
		signed := &types.SignedHeader{Header: header, Commit: commit}
		check((&types.LightBlock{SignedHeader: signed, ValidatorSet: set}).ValidateBasic(chainID))
		if before != nil {
			check(light.VerifyAdjacent(before, signed, set, 24*14*time.Hour, header.Time.Add(time.Second), time.Second))
		}
		text, err := cmtjson.Marshal(struct {
			SignedHeader *types.SignedHeader `json:"signed_header"`
			Validators   []*types.Validator  `json:"validators"`
		}{signed, []*types.Validator{types.NewValidator(key.PubKey(), 1)}})
		check(err)
		out = append(out, golden{hex.EncodeToString(seed[:]), version, height, at, hex.EncodeToString(appHash[:]), bytesMax,
			texts, hex.EncodeToString(header.Hash()), hex.EncodeToString(commit.Hash()), hex.EncodeToString(message), text})
		before = signed
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", " ")
	check(encoder.Encode(out))
}
