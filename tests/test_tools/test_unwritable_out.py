"""Every tool looks whether it can write before it loads a model."""

import pytest

TOOLS = {
    'edit_concepts.py': ['--disable', 1, '--by', 'me', '--reason', 'why'],
    'explain.py': ['image.png'],
    'export_onnx.py': [],
    'export_safetensors.py': [],
    'init_prototypes.py': [],
    'model_card.py': ['--report', 'report.json'],
    'project.py': [],
    'analysis_tools/confusions_by_concept.py': [],
    'analysis_tools/list_concepts.py': [],
}


@pytest.fixture
def files(trained, monkeypatch):
    """Config and checkpoint of a model that must not be loaded."""
    monkeypatch.setattr(
        'mmproto.checkpoints.derived.init_model',
        lambda *_: pytest.fail('the model was loaded'),
    )
    return trained


@pytest.mark.parametrize('tool', TOOLS)
def test_no_model_is_loaded_for_nothing(files, run, tool):
    out = f'{files[1]}/new/page.html'  # a file is no folder
    with pytest.raises(SystemExit, match=f'^error: {files[1]}/new'):
        run(tool, *files, *TOOLS[tool], '--out', out)


def test_explaining_into_a_folder_and_logging_edits(files, run):
    out = f'{files[1]}/new'
    with pytest.raises(SystemExit, match=f'^error: {out}/.*cannot be written'):
        run('explain.py', *files, 'image.png', '--out', out)
    edit = TOOLS['edit_concepts.py']
    with pytest.raises(SystemExit, match=f'^error: {out} cannot be written'):
        run('edit_concepts.py', *files, *edit, '--audit', out)
