assay_test(chain_bank_test
  SOURCES modules/bank/authorization_test.cpp modules/bank/bank_property_test.cpp modules/bank/bank_test.cpp
  DEPS chain rapidcheck)
