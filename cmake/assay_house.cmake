# The rules of the house as build steps: a wrong include fails every build, and `ctest -L house` checks the rest.
find_package(Python3 REQUIRED COMPONENTS Interpreter)

add_custom_target(house_includes ALL
  COMMAND "${Python3_EXECUTABLE}" "${PROJECT_SOURCE_DIR}/tools/check_includes.py"
  COMMENT "Checking which way the rooms include each other" VERBATIM)

function(_assay_house_test name script)
  add_test(NAME ${name} COMMAND "${Python3_EXECUTABLE}" "${PROJECT_SOURCE_DIR}/tools/${script}")
  set_tests_properties(${name} PROPERTIES LABELS house TIMEOUT 60)
endfunction()

if(ASSAY_TESTS)
  _assay_house_test(house_includes check_includes.py)
  _assay_house_test(house_includes_test check_includes_test.py)
  _assay_house_test(house_documents check_links.py)
  _assay_house_test(house_corpora check_corpora.py)
  _assay_house_test(house_checks_test check_documents_test.py)
endif()
