#pragma once
/// A state in memory with the modules' way of running messages over it. For tests only.
#include "chain/module.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>

namespace assay::chain::testing {

inline Address address_of(std::uint64_t number) {
    Address address;
    for (std::size_t i = 0; i < 8; ++i) address.bytes[19 - i] = static_cast<std::uint8_t>(number >> (8 * i));
    address.bytes[0] = 0xac;
    return address;
}

class Bench {
public:
    Bench() {
        block.chain_id = "assay-test";
        block.height = 1;
        block.time_ms = 1'900'000'000'000;
    }

    /// All or nothing, like a transaction.
    Result<void> attempt(const std::function<Result<void>(Context&)>& rule) {
        Overlay overlay(state);
        GasMeter gas(~std::uint64_t{0});
        std::vector<Event> emitted;
        Context context(block, overlay, gas, emitted);
        if (auto done = rule(context); !done) return done;
        overlay.apply_to(state);
        events.insert(events.end(), emitted.begin(), emitted.end());
        return {};
    }

    template <MessageStruct M>
    Result<void> send(const Address& signer, const M& message) {
        const auto decoded = registry.decode(to_value(message));
        if (!decoded) return std::unexpected(decoded.error());
        return attempt([&](Context& context) { return (*decoded)->execute(context, signer); });
    }

    /// The message of its refusal; "accepted" when there is none.
    template <MessageStruct M>
    std::string refusal(const Address& signer, const M& message) {
        const auto done = send(signer, message);
        return done ? "accepted" : done.error().message;
    }

    /// Ends this block and starts the next.
    void next_block(const std::vector<const Module*>& modules, std::int64_t milliseconds = 1'000) {
        std::vector<ValidatorUpdate> updates;
        run([&](Context& context) {
            for (const Module* module : modules) module->end_block(context, updates);
        });
        ++block.height;
        block.time_ms += milliseconds;
        run([&](Context& context) {
            for (const Module* module : modules) module->begin_block(context);
        });
    }

    void run(const std::function<void(Context&)>& step) {
        const auto done = attempt([&](Context& context) -> Result<void> {
            step(context);
            return {};
        });
        ASSERT_TRUE(done.has_value());
    }

    Module::WalkAll walk_all() const {
        return [this](ModuleId module, const StateVisitor& visit) {
            for (const auto& [key, value] : state.entries(module)) {
                if (!visit(key, value)) return;
            }
        };
    }

    /// Empty when everything holds.
    std::string violation(const Module& module) const {
        const auto held = module.check_invariants(state, walk_all());
        return held ? "" : held.error().message;
    }

    codec::Value query(const Module& module, std::string_view path, codec::Value::Map arguments = {}) const {
        auto answer = module.query(block, state, path, codec::Value(std::move(arguments)));
        if (!answer) return codec::Value("error: " + answer.error().message);
        return *std::move(answer);
    }

    /// Exports, imports into an empty state and compares: entries of the module's own that differ, "" when none.
    std::string round_trip(const Module& module) const {
        const codec::Value exported = module.export_genesis(state, walk_all());
        Bench other;
        other.block = block;
        const auto imported = other.attempt([&](Context& context) { return module.init_genesis(context, exported); });
        if (!imported) return imported.error().message;
        if (other.state.entries(module.id()) != state.entries(module.id())) return "the imported state differs";
        return other.state.entries(module.id()).empty() ? "nothing to compare" : "";
    }

    BlockInfo block;
    MemoryState state;
    MessageRegistry registry;
    std::vector<Event> events;
};

} // namespace assay::chain::testing
