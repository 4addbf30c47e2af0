// Reads lines {"schema": …, "texts": […]} and answers each with {"error": …} or {"accepted": [0 or 1 for each text],
// "samples": [random texts of the grammar]}. tools/check_grammar.py judges them with an independent validator.
#include "engine/grammar_test_support.h"

#include <nlohmann/json.hpp>

#include <iostream>

using namespace assay::engine;
using namespace assay::engine::grammar_testing;
using Json = nlohmann::ordered_json;

int main(int count, char** arguments) {
    const auto tokenizer = assay::tokenizer::golden::from_json(count > 1 ? arguments[1] : "gpt2");
    const int samples = count > 2 ? std::stoi(arguments[2]) : 5;
    std::mt19937 random(1);
    for (std::string line; std::getline(std::cin, line);) {
        const Json request = Json::parse(line);
        const auto grammar = Grammar::from_json_schema(request["schema"].dump(), *tokenizer);
        Json answer;
        if (!grammar) {
            answer["error"] = grammar.error().message;
        } else {
            answer["accepted"] = Json::array();
            for (const auto& text : request["texts"]) {
                const auto& bytes = text.get_ref<const std::string&>();
                answer["accepted"].push_back(accepts_bytes(**grammar, *tokenizer, bytes) +
                                             2 * accepts_tokens(**grammar, *tokenizer, bytes));
            }
            answer["samples"] = Json::array();
            for (int i = 0; i < samples; ++i)
                answer["samples"].push_back(random_text(**grammar, *tokenizer, random, 30));
        }
        std::cout << answer.dump() << "\n";
    }
}
