assay_test(chain_staking_test
  SOURCES
    modules/staking/staking_delegation_test.cpp
    modules/staking/staking_history_test.cpp
    modules/staking/staking_keys_test.cpp
    modules/staking/staking_limits_test.cpp
    modules/staking/staking_unbonding_test.cpp
    modules/staking/staking_property_test.cpp
    modules/staking/staking_rewards_test.cpp
    modules/staking/staking_slashing_test.cpp
    modules/staking/staking_validators_test.cpp
  DEPS chain)
