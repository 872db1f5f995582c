"""`python -m delivery`: what the pipeline runs, and what a person runs to see the same. Errors are sentences."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from delivery.cold_import import measure
from delivery.outputs import read_outputs
from delivery.package import SITE_PACKAGES, build_package, vendored_libraries
from delivery.plan import read_plan
from shared.errors import AluskortError

ROOT = Path(__file__).resolve().parents[1]
VENDORED = ROOT / ".local" / "cache" / "vendored"

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
console = Console(highlight=False, soft_wrap=True)


@app.command()
def package(
    output: Annotated[Path, typer.Argument(help="The zip to write.")] = ROOT / "build" / "aluskort.zip",
    digest: Annotated[Path | None, typer.Option(help="Also write the SHA-256 here, as sha256sum reads it.")] = None,
) -> None:
    """Build the deployment package and say what it holds."""
    built = build_package(ROOT, output, vendored=VENDORED)
    libraries = f"{SITE_PACKAGES}/"
    parts = Counter(libraries if name.startswith(libraries) else name.partition("/")[0] for name in built.entries)
    for part, count in parts.items():
        console.print(f"{count:6} {part}", markup=False)
    console.print(f"{len(built.entries):6} files, {built.size / 1e6:.1f} MB: {built.path}", markup=False)
    console.print(f"SHA-256 {built.sha256}")
    if digest:
        digest.write_text(f"{built.sha256}  {output.name}\n")


@app.command()
def plan(
    document: Annotated[Path, typer.Argument(help="The output of `terraform show -json PLAN`.")],
    environment: Annotated[str, typer.Option(help="dev, staging or prod, for the heading.")],
    approved: Annotated[str, typer.Option(help="Exit with code 1 unless the plan has this digest.")] = "",
) -> None:
    """Print a plan as Markdown, without values; the pipeline comments it and holds an apply to what was approved."""
    read = read_plan(document)
    typer.echo(read.markdown(environment))
    if approved and read.digest != approved:
        typer.echo(f"The plan has the digest {read.digest}, approved was {approved}: plan and approve again.", err=True)
        raise typer.Exit(1)


@app.command()
def environment(
    document: Annotated[Path, typer.Argument(help="The output of `terraform output -json`.")],
    administrator: Annotated[str, typer.Option(help="The database principal that you log in as.")],
) -> None:
    """Print where an environment's package lives and the product's settings, as NAME=value lines without secrets."""
    for name, value in read_outputs(document, administrator=administrator).items():
        typer.echo(f"{name}={value}")


@app.command()
def vendor() -> None:
    """Put the requirements into the checkout's .python_packages, for azd and `func ... publish --no-build`."""
    target = ROOT / SITE_PACKAGES
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(vendored_libraries(ROOT / "requirements.txt", VENDORED), target)
    console.print(f"The requirements are in {target}.", markup=False)


@app.command()
def cold_import(archive: Annotated[Path, typer.Argument(help="A built package.")]) -> None:
    """Measure the import of a package in new processes (Linux, x86-64)."""
    measured = measure(archive)
    console.print(f"without byte code  {measured.without_byte_code:.2f} s")
    console.print(f"with byte code     {measured.with_byte_code:.2f} s, of which with all that they import:")
    for module, seconds in measured.slowest:
        console.print(f"{seconds * 1000:8.0f} ms  {module}", markup=False)


def main() -> None:
    """Run the command; the project's own errors become a sentence and exit code 1."""
    try:
        app()
    except AluskortError as error:
        Console(stderr=True, highlight=False, soft_wrap=True).print(str(error), style="red", markup=False)
        raise SystemExit(1) from error


if __name__ == "__main__":
    main()
