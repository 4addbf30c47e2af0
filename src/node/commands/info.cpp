// assay info: this build on this machine.
#include "kernels/kernels.h"
#include "node/commands/command.h"
#include "node/machine.h"
#include "node/model_fetch.h"
#include "node/terminal.h"

#include <cstdio>

namespace assay::node {
namespace {

Result<int> run(bool as_json, const std::string& isa) {
    const kernels::KernelSet* selected = TRY(kernels::select_kernels(isa));
    const MemoryFigures figures = memory();
    Json json{{"version", version()},
              {"arithmetic", engine::kArithmeticVersion},
              {"cpu", cpu_name()},
              {"isas", kernels::available_isas()},
              {"isa", selected->isa},
              {"threads", cpu_count()},
              {"memory_bytes", figures.all_bytes},
              {"memory_available_bytes", figures.available_bytes}};
    if (as_json) return print_json(json);
    std::string isas;
    for (const std::string_view name : kernels::available_isas())
        isas += std::string(isas.empty() ? "" : ", ") + std::string(name);
    std::printf("assay        %s\narithmetic   %s\ncpu          %s\ninstructions %s (of %s)\nthreads      %u\nmemory   "
                "    %s, %s available\n",
                std::string(version()).c_str(), std::string(engine::kArithmeticVersion).c_str(), cpu_name().c_str(),
                selected->isa, isas.c_str(), cpu_count(), format_bytes(figures.all_bytes).c_str(),
                format_bytes(figures.available_bytes).c_str());
    return 0;
}

} // namespace

void add_info(CLI::App& app, Action& action) {
    struct Flags {
        bool json = false;
        std::string isa;
    };
    const auto flags = std::make_shared<Flags>();
    CLI::App& command = *app.add_subcommand("info", "Show this build, this CPU and the instruction set in use");
    command.footer("ASSAY_ISA or --isa forces an instruction set; one that this CPU lacks is an error (exit code 3).");
    command.add_flag("--json", flags->json, "One JSON object");
    command.add_option("--isa", flags->isa, "Instruction set: scalar, avx2, avx512, amx, neon")->type_name("NAME");
    command.callback([flags, &action] { action = [flags] { return run(flags->json, flags->isa); }; });
}

} // namespace assay::node
