import { Page } from "../../components/Page";

export default function Agents() {
  return <Page title="Agents">{null}</Page>;
}
