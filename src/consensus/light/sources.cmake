list(APPEND consensus_sources light/fetch_bundle.cpp light/light_block.cpp light/light_block_json.cpp light/light_source.cpp light/proof_bundle.cpp
  light/verifier.cpp)
