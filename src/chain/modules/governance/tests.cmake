assay_test(chain_governance_test
  SOURCES modules/governance/governance_staking_test.cpp modules/governance/governance_test.cpp modules/governance/weights_test.cpp
  DEPS chain rapidcheck)
