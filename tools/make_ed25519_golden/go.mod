module make_ed25519_golden

go 1.22

require (
	filippo.io/edwards25519 v1.1.0
	github.com/hdevalence/ed25519consensus v0.2.0
)
