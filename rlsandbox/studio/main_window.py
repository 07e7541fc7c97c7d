"""The studio's window: the panels around the canvas, and who tells whom."""

from __future__ import annotations

from PySide6.QtCore import QSize, Slot
from PySide6.QtGui import QCloseEvent, QResizeEvent
from PySide6.QtWidgets import QMainWindow, QStackedWidget

from rlsandbox.algorithms import find
from rlsandbox.learning.configs import Shaped
from rlsandbox.learning.problem import Enumerable
from rlsandbox.policies.saved import SavedPolicy
from rlsandbox.studio.actions import Actions
from rlsandbox.studio.canvas import Canvas
from rlsandbox.studio.canvas_bar import CanvasBar
from rlsandbox.studio.command_palette import CommandPalette
from rlsandbox.studio.controls.notice import Notice
from rlsandbox.studio.controls.section import Separator
from rlsandbox.studio.docks import Docks, column
from rlsandbox.studio.document import Document
from rlsandbox.studio.driving_control import DrivingControl
from rlsandbox.studio.environment_control import EnvironmentControl
from rlsandbox.studio.files_control import FilesControl
from rlsandbox.studio.garbage import WindowGarbage
from rlsandbox.studio.panels.agent_panel import AgentPanel
from rlsandbox.studio.panels.cell_panel import CellPanel
from rlsandbox.studio.panels.inspector_panel import InspectorPanel
from rlsandbox.studio.panels.palette_panel import PalettePanel
from rlsandbox.studio.panels.place_panel import GYM, PlacePanel
from rlsandbox.studio.panels.rules_panel import RulesPanel
from rlsandbox.studio.panels.runs_panel import RunsPanel
from rlsandbox.studio.panels.shaping_note import finding
from rlsandbox.studio.panels.spot_panel import SpotPanel
from rlsandbox.studio.panels.tools_panel import ToolsPanel
from rlsandbox.studio.place_control import PlaceControl
from rlsandbox.studio.plots.curves_panel import CurvesPanel
from rlsandbox.studio.policy_control import PolicyControl
from rlsandbox.studio.settings import settings
from rlsandbox.studio.showing import Showing
from rlsandbox.studio.space_control import SpaceControl
from rlsandbox.studio.status_bar import StatusBar
from rlsandbox.studio.tools import TOOLS, ToolContext
from rlsandbox.studio.top_bar import TopBar
from rlsandbox.studio.training_control import TrainingControl
from rlsandbox.studio.transport import Transport
from rlsandbox.studio.warm_start import WarmStart
from rlsandbox.worlds.errors import SandboxError
from rlsandbox.worlds.files import open_world
from rlsandbox.worlds.gallery import gallery
from rlsandbox.worlds.rules import Cell
from rlsandbox.worlds.simulation import Simulation
from rlsandbox.worlds.world import World

FIRST_WORLD = "cliff_walking"
FIRST_ALGORITHM = "q_learning"
"""What a newcomer sees: Sutton & Barto's example 6.6."""


class MainWindow(QMainWindow):
    """One window: tools left, canvas in the middle, agent right, curves below."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("MainWindow")
        self._picks_target = False
        self._garbage = WindowGarbage(self)
        self.document = Document(open_world(FIRST_WORLD), self)
        self.control = TrainingControl(self)
        self.files = FilesControl(self)
        self._build()
        self.places, self.space = PlaceControl(self), SpaceControl(self)
        self.environments = EnvironmentControl(self)
        self.showing = Showing(self)
        self.driving = DrivingControl(self)
        self.policies = PolicyControl(self)
        self.actions_table = Actions(self)
        self.warm = WarmStart(self)
        self._connect()
        self.agent.set_algorithm(FIRST_ALGORITHM, dict(gallery()[FIRST_WORLD].suggested))
        self.offer(FIRST_ALGORITHM)
        self._pick_tool("select")  # a first click looks at a cell; whoever takes a tile gets the brush
        self._show_world(self.document.world)
        self._on_titled()
        self._restore()
        self.canvas.setFocus()

    # -- building ---------------------------------------------------------------------------------

    def _build(self) -> None:
        self.top_bar = TopBar()
        self.setMenuWidget(self.top_bar)
        self.canvas = Canvas()
        self.canvas_bar = CanvasBar(self.control.active)
        self.notice = Notice()
        self.transport = Transport()
        above, below = (self.canvas_bar, Separator(), self.notice), (Separator(), self.transport)
        self.stage = QStackedWidget()
        self.stage.addWidget(self.canvas)
        self.setCentralWidget(column(*above, self.stage, *below, grows=self.stage))

        self.place_panel = PlacePanel()
        self.tools, self.palette_panel = ToolsPanel(TOOLS), PalettePanel()
        self.rules, self.cell_panel = RulesPanel(), CellPanel()
        self.agent, self.inspector, self.spot_panel = AgentPanel(), InspectorPanel(), SpotPanel()
        self.curves, self.runs_panel = CurvesPanel(), RunsPanel()
        self.docks = Docks(
            self,
            draw=[self.place_panel, self.tools, self.palette_panel, self.cell_panel, self.rules],
            agent=[self.agent, self.inspector, self.spot_panel],
            curves=self.curves,
            runs=self.runs_panel,
            foldable=[self.cell_panel, self.rules],
        )
        self.status = StatusBar()
        self.setStatusBar(self.status)
        self.search = CommandPalette(self)
        self.setMinimumSize(1000, 640)

    # -- who tells whom ---------------------------------------------------------------------------

    def _connect(self) -> None:
        document, control, canvas, agent = self.document, self.control, self.canvas, self.agent
        showing = self.showing
        document.changed.connect(self._show_world)
        document.titled.connect(self._on_titled)
        canvas.edit_committed.connect(document.edit)
        canvas.selected.connect(self._on_selected)
        self.cell_panel.pick_target.connect(self._pick_target)
        for panel in (self.rules, self.cell_panel):
            panel.edited.connect(document.edit)
        self.tools.tool_selected.connect(self._pick_tool)
        self.tools.number_changed.connect(self._mix)
        self.palette_panel.tile_selected.connect(self._pick_tile)
        self.palette_panel.wind_changed.connect(self._pick_tile)
        canvas.tile_picked.connect(self._on_picked)
        canvas.tool_requested.connect(self._pick_tool)
        canvas.refused.connect(self.say)
        agent.train_clicked.connect(self.train)
        agent.pause_clicked.connect(control.trainer.pause_run)
        agent.continue_clicked.connect(self.go_on)
        agent.step_clicked.connect(self.step)
        agent.episode_clicked.connect(self.finish_episode)
        agent.stop_clicked.connect(control.trainer.stop_run)
        agent.reset_clicked.connect(self.reset)
        agent.hyperparameter_edited.connect(self._on_hyperparameter)
        agent.algorithm_changed.connect(self._on_algorithm)
        agent.notice_action.connect(control.trainer.recover_run)
        self.inspector.highlight.connect(showing.point_out)
        self.transport.speed_changed.connect(control.set_pace)
        self.transport.frame_changed.connect(control.show_episode_frame)
        self.transport.frame_changed.connect(self.environments.refresh)
        self.transport.record_clicked.connect(control.record)
        self.transport.live_clicked.connect(showing.live)
        self.canvas_bar.overlay_toggled.connect(control.set_overlay)
        self.canvas_bar.replica_changed.connect(showing.take_replica)
        canvas.zoom_changed.connect(self.canvas_bar.set_zoom)
        self.runs_panel.selection_changed.connect(showing.show_curves)
        self.runs_panel.bring_back.connect(self.bring_back)
        self.runs_panel.removed.connect(control.remove)
        control.framed.connect(showing.show_frame)
        control.runs_changed.connect(showing.show_runs)
        control.state_changed.connect(self._on_state)
        control.episode_ready.connect(showing.show_episode)
        control.rejected.connect(self._on_rejected)
        control.trainer.done.connect(self._on_done)
        control.trainer.examined.connect(self.places.on_examined)
        self.places.changed.connect(self.environments.set_place)
        self.places.changed.connect(self.space.set_place)
        self.places.changed.connect(self._on_titled)
        self.place_panel.chosen.connect(self.places.choose)
        agent.shaping.asked.connect(self._check_shaping)
        agent.shaping.pointed.connect(canvas.select)
        control.set_pace(self.transport.speed())
        self.warm.ready.connect(self._on_warm)

    # -- the world --------------------------------------------------------------------------------

    @Slot(object)
    def _show_world(self, world: World) -> None:
        self.canvas.set_world(world)
        self.rules.set_world(world)
        self.cell_panel.set_cell(world, self.control.selected)
        self.agent.set_world(world)
        self.inspector.set_world(world)
        self.places.follow(world)

    @Slot(object, object)
    def _check_shaping(self, problem: Enumerable, config: Shaped) -> None:
        self.control.trainer.work_out(lambda: self.agent.shaping.found.emit(finding(problem, config)))

    def open_document(self, world: World, path: object = None) -> None:
        """Take another world onto the canvas; the run of the old one rests in the table."""
        self.control.reset()
        self.canvas.select(None)
        self.canvas.set_marks(())
        self.document.open(world, path)  # type: ignore[arg-type]
        self.places.to_drawing()
        self.canvas.fit()

    def show_policy(self, policy: SavedPolicy) -> None:
        """Show a saved policy where it was trained."""
        place = policy.place
        drawn = place.drawing if isinstance(place, Simulation) else place
        if drawn is not None:
            self.open_document(drawn)
        self.places.go_to(place)
        self._try(lambda: self._take_policy(policy))

    def _take_policy(self, policy: SavedPolicy) -> None:
        self.control.show_policy(policy)
        self.showing.live()

    @Slot()
    def _on_titled(self) -> None:
        drawn = self.places.kind != GYM
        title = self.document.title if drawn else self.places.place.name.removeprefix("gym:")
        self.top_bar.set_title(title, drawn and self.document.unsaved)
        self.setWindowTitle(f"{title}[*]")
        self.setWindowModified(self.document.unsaved)
        self.status.show_saved(not self.document.unsaved)

    @Slot(object)
    def _on_selected(self, cell: Cell | None) -> None:
        if self._picks_target and cell is not None:
            self._picks_target = False
            self.cell_panel.set_target(cell)
            return
        self.control.selected = cell
        self.cell_panel.set_cell(self.document.world, cell)
        self.showing.inspect()
        self.control.refresh()

    @Slot(str)
    def _pick_tool(self, tool_id: str) -> None:
        self.tools.select(tool_id)
        self.canvas.set_tool(next(tool for tool in TOOLS if tool.id == tool_id)())

    @Slot(str)
    @Slot(object)
    def _pick_tile(self, _tile: object = None) -> None:
        if not self.canvas.editing.tool.lays_tiles:
            self._pick_tool("brush")
        self._mix()

    @Slot()
    def _mix(self) -> None:
        tile, wind = self.palette_panel.selected(), self.palette_panel.wind()
        self.canvas.set_context(ToolContext(tile, wind, self.tools.number.value()))

    @Slot(object)
    def _on_picked(self, context: ToolContext) -> None:
        self.palette_panel.select(context.tile_id)
        if context.wind is not None:
            self.palette_panel.set_wind(context.wind)
        self._pick_tile()

    @Slot()
    def _pick_target(self) -> None:
        self._picks_target = True
        self.say(self.tr("Click the cell to which the teleporter leads."))

    # -- training ---------------------------------------------------------------------------------

    @Slot()
    def train(self) -> None:
        """Begin a run as the panel says."""
        self._try(lambda: self.control.train(self.places.place, self.agent.run_request()))

    @Slot()
    def go_on(self) -> None:
        """Go on with the run that rests."""
        self._try(lambda: self.control.go_on(self.agent.run_request()))

    @Slot()
    def step(self) -> None:
        """One step of the agent."""
        self._try(lambda: self.control.step(self.places.place, self.agent.run_request()))

    @Slot()
    def finish_episode(self) -> None:
        """On to the end of the episode."""
        self._try(lambda: self.control.finish_episode(self.places.place, self.agent.run_request()))

    @Slot()
    def drive(self) -> None:
        """Let the person move the agent."""
        self._try(self.driving.start)

    @Slot()
    def reset(self) -> None:
        """Forget what was learnt; the run stays in the table."""
        self.control.reset()
        self.canvas.set_marks(())
        self.showing.live()

    @Slot(int)
    def bring_back(self, run_id: int) -> None:
        """Bring the agent of a run back onto the canvas, with the world that it was trained on."""
        run = self.control.runs.get(run_id)
        if run is not None:
            place = run.frame.progress.place if run.frame is not None else run.spec.world
            self.control.current = None
            drawn = place.drawing if isinstance(place, Simulation) else place
            if drawn is not None:
                self.document.edit(drawn, self.tr("World of a run"))
            self.places.go_to(place)
            self.control.bring_back(run_id)
            spec = run.spec
            self.offer(spec.algorithm)
            fields = ("algorithm", "config", "seeds", "steps", "episodes", "policy")
            self.agent.set_run({name: getattr(spec, name) for name in fields} | {"start": run.start})

    def _try(self, action) -> None:
        """Do something that may refuse with a sentence."""
        if not self.warm.is_ready:
            self.warm.then(lambda: self._try(action))
            self.agent.set_notice(
                self.tr("Preparing the compiled kernels: only now, and it takes about a minute."), "info"
            )
            return
        try:
            action()
        except SandboxError as error:
            self.agent.set_notice(str(error), "bad")

    @Slot()
    def _on_warm(self) -> None:
        self.agent.set_notice("")
        self.control.trainer.examine(self.places.place)

    @Slot(str, object)
    def _on_hyperparameter(self, name: str, value: object) -> None:
        self.control.change_hyperparameter(name, value)

    @Slot(str)
    def _on_algorithm(self, algorithm: str) -> None:
        self.places.keep_algorithm()
        self.offer(algorithm)
        self.reset()

    def offer(self, algorithm: str) -> None:
        """An algorithm has been picked: its overlays, and its compiled code."""
        self.canvas_bar.set_offers(find(algorithm), self.places.place)
        self.control.trainer.prepare(algorithm)

    @Slot(str, str)
    def _on_state(self, state: str, sentence: str) -> None:
        self.agent.set_state(state)
        if state == "failed":
            self.agent.set_notice(sentence, "bad", self.tr("Go back"))
        else:
            self.agent.set_notice(sentence, "ok")
        self.status.show_state(state)
        if state == "empty":
            self.transport.set_idle()
            self.inspector.show_cell(None, self.control.selected)

    @Slot(str)
    def _on_rejected(self, sentence: str) -> None:
        if self.control.policy is not None:  # it is shown again
            self.showing.live()
        self.agent.set_notice(sentence, "bad")

    @Slot(str)
    def _on_done(self, sentence: str) -> None:
        if sentence:
            self.say(sentence, "ok")

    def say(self, sentence: str, role: str = "info", action: str = "") -> None:
        """Show a sentence above the canvas, with the text of a button if there is something to be done."""
        self.notice.say(sentence, role, action=action, closable=True)

    # -- the window -------------------------------------------------------------------------------

    def sizeHint(self) -> QSize:
        """The reference size."""
        return QSize(1440, 900)

    def _restore(self) -> None:
        stored = settings()
        geometry, state = stored.value("geometry"), stored.value("layout")
        if geometry is None or not self.restoreGeometry(geometry):
            self.resize(self.sizeHint())
        self.docks.restore(state)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """In a small window the panels give way to the canvas."""
        super().resizeEvent(event)
        self.docks.give_way()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Ask about unsaved edits, remember the arrangement, end the thread."""
        if not self.files.may_discard():
            event.ignore()
            return
        stored = settings()
        stored.setValue("geometry", self.saveGeometry())
        stored.setValue("layout", self.docks.save())
        self.warm.close()
        self.hide()
        self.control.close()
        self._garbage.release()
        super().closeEvent(event)
