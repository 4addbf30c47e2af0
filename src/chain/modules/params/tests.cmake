assay_test(chain_params_test SOURCES modules/params/params_test.cpp DEPS chain rapidcheck)
