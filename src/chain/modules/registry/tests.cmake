assay_test(chain_registry_test
  SOURCES
    modules/registry/ceilings_test.cpp
    modules/registry/licences_test.cpp
    modules/registry/market_property_test.cpp
    modules/registry/market_test.cpp
    modules/registry/records_test.cpp
    modules/registry/royalties_test.cpp
    modules/registry/royalty_graph_test.cpp
    modules/registry/royalty_property_test.cpp
  DEPS chain rapidcheck)
