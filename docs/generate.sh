#!/bin/sh
# Writes the pages that come from the program itself: docs/configuration.md, commands.md, events.md, metrics.md, decisions.md, api.md and docs/causes.
# What the program prints for each cause (docs/causes/outputs) needs root and the fault lab: lab/outputs.sh writes it.
set -eu
cd "$(dirname -- "$0")/.."
dotnet build src/Postern -v quiet -nologo
dotnet run --project src/Postern --no-build -- config reference > docs/configuration.md
dotnet run --project src/Postern --no-build -- config commands > docs/commands.md
dotnet run --project src/Postern --no-build -- config events > docs/events.md
dotnet run --project src/Postern --no-build -- config metrics > docs/metrics.md
dotnet run --project src/Postern --no-build -- config decisions > docs/decisions.md
dotnet run --project src/Postern --no-build -- config api > docs/api.md
dotnet run --project src/Postern --no-build -- config causes "$PWD/docs/causes"
